//! `edgesync admin list`: users, organizations or devices, as a table or as one JSON object a line.

use std::io::Write;

use anyhow::Result;
use clap::ValueEnum;
use edgesync_schemas::entity::name_of;
use edgesync_storage::catalog::{Catalog, Error, Listing, Slice};
use serde::Serialize;

/// What to list.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum What {
    /// Accounts: address, plan, device limit, id.
    Users,
    /// Organizations: slug, owner, members, devices, id.
    Organizations,
    /// Devices: name, organization, status, token's start, id.
    Devices,
}

/// Prints all of a kind. The columns of the table are separated by tabs; a name with a tab in it shows a blank.
///
/// # Errors
/// Of the catalog or the output.
pub async fn print(catalog: &Catalog, what: What, json: bool, out: &mut impl Write) -> Result<()> {
    match what {
        What::Users => {
            let part = |slice| catalog.users(slice);
            all(part, json, out, |user| {
                let (plan, limit) = (name_of(&user.profile.subscription_type), user.profile.device_limit);
                vec![user.email.clone(), plan, limit.to_string(), user.id.to_string()]
            })
            .await
        }
        What::Organizations => {
            let part = |slice| catalog.all_organizations(slice);
            all(part, json, out, |of| {
                let (members, devices) = (of.members.to_string(), of.devices.to_string());
                vec![of.slug.clone(), of.owner.clone(), members, devices, of.id.to_string()]
            })
            .await
        }
        What::Devices => {
            let part = |slice| catalog.all_devices(slice);
            all(part, json, out, |device| {
                let status = name_of(&device.status);
                let (name, organization) = (device.name.clone(), device.organization.clone());
                vec![name, organization, status, device.token_prefix.clone(), device.id.to_string()]
            })
            .await
        }
    }
}

async fn all<T, F>(
    part: impl Fn(Slice) -> F,
    json: bool,
    out: &mut impl Write,
    columns: impl Fn(&T) -> Vec<String>,
) -> Result<()>
where
    T: Serialize,
    F: Future<Output = Result<Listing<T>, Error>>,
{
    let mut slice = Slice::FIRST;
    loop {
        let listing = part(slice.clone()).await?;
        for item in &listing.items {
            if json {
                writeln!(out, "{}", serde_json::to_string(item)?)?;
            } else {
                let columns: Vec<String> =
                    columns(item).iter().map(|column| column.replace(char::is_control, " ")).collect();
                writeln!(out, "{}", columns.join("\t"))?;
            }
        }
        match listing.next {
            Some(after) => slice.after = Some(after),
            None => return Ok(()),
        }
    }
}
