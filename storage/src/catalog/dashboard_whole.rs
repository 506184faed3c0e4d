//! A dashboard saved whole: it and all its widgets in one transaction, which is one version of it.

use edgesync_schemas::entity::dashboard::{SavedWidget, WholeDashboard, WholeDashboardInput};
use edgesync_schemas::entity::widget::DashboardWidget;
use edgesync_schemas::id::{DashboardId, UserId};

use super::db::Tx;
use super::error::Error;
use super::flow::check_version;
use super::value::Value;
use super::widget_edit::{self, Edit};
use super::{Catalog, dashboard, now, widget};

impl Catalog {
    /// Saves a dashboard in place of all it was, its widgets along, if it is still at one of `expected` (any version if `None`). All of it is the
    /// next version, and a change of nothing is none. `user` must be allowed to change the dashboard, and to read each source that its widget did not have before.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Stale`]; [`Error::Parts`] for what is wrong with the dashboard's project or organization
    /// (below `/dashboard`), with widgets' sources and samples, and for the `id` of a widget that the dashboard does not have (below `/widgets/3`).
    pub async fn replace_whole_dashboard(
        &self,
        user: UserId,
        id: DashboardId,
        expected: Option<&[u32]>,
        input: WholeDashboardInput,
    ) -> Result<WholeDashboard, Error> {
        let mut tx = self.db.begin().await?;
        let before = dashboard::for_change(&mut tx, user, id).await?;
        check_version(before.version, expected)?;
        let (mut after, mut wrong) = (before.clone(), Vec::new());
        let whole = input.dashboard.whole();
        let same = dashboard::check_organization(&before, whole.organization_id);
        collect(&mut wrong, "/dashboard".to_owned(), same)?;
        let applied = dashboard::apply(&mut tx, user, &mut after, whole.fields).await;
        collect(&mut wrong, "/dashboard".to_owned(), applied)?;

        let there = widget::all(&mut tx, user, id).await?;
        let (parts, gone) = paired(there, input.widgets, id, &mut wrong);
        for part in &parts {
            let shown = part.before.as_ref().map(|widget| &widget.source);
            let checked = widget_edit::check(&mut tx, user, shown, &part.after).await;
            collect(&mut wrong, at(part.place), checked)?;
        }
        if !wrong.is_empty() {
            return Err(Error::Parts(wrong));
        }

        let mut edit = Edit::by(user, before.organization_id);
        let Saved { any, widgets } = save(&mut tx, &mut edit, &gone, parts).await?;
        if any || !dashboard::changed(&before, &after).is_empty() {
            dashboard::write(&mut tx, user, &before, &mut after).await?;
            self.commit_edit(tx, edit).await?;
        }
        Ok(WholeDashboard { dashboard: after, widgets })
    }
}

/// One widget of what is saved.
struct Part {
    /// Its place in the list.
    place: usize,
    /// As it is; nothing of a new one.
    before: Option<DashboardWidget>,
    /// As it is to be.
    after: DashboardWidget,
}

struct Saved {
    /// Whether any was made, changed or removed.
    any: bool,
    /// All of them, in the order of their making.
    widgets: Vec<DashboardWidget>,
}

fn at(place: usize) -> String {
    format!("/widgets/{place}")
}

/// Keeps what is wrong with a field for an answer that has all of it.
fn collect(wrong: &mut Vec<(String, Error)>, at: String, checked: Result<(), Error>) -> Result<(), Error> {
    match checked {
        Err(error) if error.is_about_field() => wrong.push((at, error)),
        other => return other,
    }
    Ok(())
}

/// Says of each widget that is saved which one it is of those that are there: by its `id`, or else by its `widget_id`, if that one is not named by
/// another's `id`. Those that are left are to be removed.
fn paired(
    mut there: Vec<DashboardWidget>,
    saved: Vec<SavedWidget>,
    dashboard: DashboardId,
    wrong: &mut Vec<(String, Error)>,
) -> (Vec<Part>, Vec<DashboardWidget>) {
    let at_once = now();
    let mut take = |is: &dyn Fn(&DashboardWidget) -> bool| {
        let place = there.iter().position(is)?;
        Some(there.remove(place))
    };
    let mut by_id = Vec::with_capacity(saved.len());
    for (place, one) in saved.iter().enumerate() {
        let before = one.id.and_then(|id| take(&|widget| widget.id == id));
        if one.id.is_some() && before.is_none() {
            wrong.push((at(place), Error::Missing { field: "id" }));
        }
        by_id.push(before);
    }
    let mut parts = Vec::with_capacity(saved.len());
    for ((place, one), before) in saved.into_iter().enumerate().zip(by_id) {
        let before = match one.id {
            Some(_) => before,
            None => take(&|widget| widget.widget_id == one.fields.widget_id),
        };
        let mut after = widget::new(dashboard, one.fields, at_once);
        if let Some(before) = &before {
            after = DashboardWidget {
                id: before.id,
                created_at: before.created_at,
                updated_at: before.updated_at,
                ..after
            };
        }
        parts.push(Part { place, before, after });
    }
    (parts, there)
}

/// Writes it all: what goes first, so that its names are free.
async fn save(
    tx: &mut Tx,
    edit: &mut Edit,
    gone: &[DashboardWidget],
    parts: Vec<Part>,
) -> Result<Saved, Error> {
    for widget in gone {
        edit.remove(tx, widget).await?;
    }
    set_names_aside(tx, &parts).await?;
    let mut any = !gone.is_empty();
    let mut widgets = Vec::with_capacity(parts.len());
    for Part { before, mut after, .. } in parts {
        any |= match before {
            Some(before) => edit.change(tx, &before, &mut after).await?,
            None => {
                edit.make(tx, &after).await?;
                true
            }
        };
        widgets.push(after);
    }
    widgets.sort_by_key(|widget| widget.id);
    Ok(Saved { any, widgets })
}

/// Gives widgets that are renamed names that nobody can choose, until all have theirs: two may have changed names with each other.
async fn set_names_aside(tx: &mut Tx, parts: &[Part]) -> Result<(), Error> {
    let renamed = parts.iter().filter_map(|part| {
        let before = part.before.as_ref()?;
        (before.widget_id != part.after.widget_id).then_some(before.id)
    });
    let sets: Vec<Vec<Value>> = renamed.map(|id| vec![format!("\u{1}{id}").into(), id.into()]).collect();
    if sets.is_empty() {
        return Ok(());
    }
    let sql = "UPDATE dashboard_widgets SET widget_id = $1 WHERE id = $2";
    tx.execute_all(sql, sets).await.map(drop)
}
