//! People, and what they may have.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::openapi::{ObjectBuilder, Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::input::{self, Checked, wrong};
use super::shape;
use crate::id::UserId;
use crate::limit;
use crate::time::Timestamp;

/// An e-mail address as accounts are found by: without blanks around it, in lower case.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Email(String);

impl Email {
    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands before the `@`.
    fn local_part(&self) -> &str {
        self.0.split('@').next().unwrap_or_default()
    }
}

impl std::str::FromStr for Email {
    type Err = NotAnEmail;
    fn from_str(text: &str) -> Result<Self, NotAnEmail> {
        let text = text.trim().to_lowercase();
        let Some((local, domain)) = text.rsplit_once('@') else { return Err(NotAnEmail) };
        let blank = text.chars().any(|c| c.is_whitespace() || c.is_control());
        if local.is_empty()
            || domain.is_empty()
            || local.contains('@')
            || blank
            || text.len() > limit::EMAIL_BYTES
        {
            return Err(NotAnEmail);
        }
        Ok(Self(text))
    }
}

impl std::fmt::Display for Email {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text is no e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an e-mail address such as ada@example.org")]
pub struct NotAnEmail;

/// A password on its way to its hash. It does not print.
#[derive(Clone, Default)]
pub struct Password(String);

impl Password {
    /// The password in clear.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for Password {
    type Err = String;
    /// A new password, as long as one must be.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |problems: Vec<input::Problem>| {
            problems.into_iter().next().map_or_else(String::new, |one| one.message)
        };
        new_password(Value::String(text.to_owned())).map_err(wrong)
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(..)")
    }
}

/// What somebody pays for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SubscriptionType {
    /// Nothing.
    #[default]
    Free,
    /// Nothing yet.
    Freemium,
    /// A plan.
    Paid,
}

/// What a user may have, beside the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UserProfile {
    /// The plan.
    pub subscription_type: SubscriptionType,
    /// Devices that the user may create, in all organizations together.
    pub device_limit: u32,
}

/// A user as shown to themselves. The password's hash never leaves the catalog in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// The address to log in with; unique.
    pub email: String,
    /// How the user wants to be called.
    pub name: String,
    /// Whether the user may log in.
    pub is_active: bool,
    /// The plan.
    pub profile: UserProfile,
    /// When the account was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

/// A user as others see them who are in an organization with them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Person {
    /// Their id.
    pub id: UserId,
    /// Their address.
    pub email: String,
    /// How they want to be called.
    pub name: String,
}

/// Body of a signup.
#[derive(Debug, Clone, ToSchema)]
pub struct Signup {
    /// Address of the new account.
    #[schema(value_type = shape::EmailAddress)]
    pub email: Email,
    /// Its password.
    #[schema(value_type = shape::NewPassword)]
    pub password: Password,
    /// How the user wants to be called; the address up to the `@`, as much of it as a name may have, if not given.
    #[schema(value_type = shape::Name, required = false)]
    pub name: String,
    /// What the server printed when it started, if it asks the first user for it.
    #[schema(value_type = String, max_length = 200, required = false)]
    pub setup_token: Option<String>,
}

impl Signup {
    /// Reads the body.
    ///
    /// # Errors
    /// All problems.
    pub fn read(body: Value) -> Checked<Self> {
        input::read(body, |f| {
            let email = f.required("email", email);
            let password = f.required("password", new_password);
            let name = f.optional("name", input::name);
            let name = name.unwrap_or_else(|| email.local_part().chars().take(limit::NAME_CHARS).collect());
            let setup_token = f.optional("setup_token", input::line(1, limit::NAME_CHARS));
            Self { email, password, name, setup_token }
        })
    }
}

/// Body of a login. What no account can have is not a problem here: it is a wrong login like any other.
#[derive(Debug, Clone, ToSchema)]
pub struct Login {
    /// Address of the account, as typed.
    #[schema(value_type = shape::TypedAddress)]
    pub email: String,
    /// The password to try.
    #[schema(value_type = shape::TypedPassword)]
    pub password: Password,
}

impl Login {
    /// Reads the body.
    ///
    /// # Errors
    /// All problems.
    pub fn read(body: Value) -> Checked<Self> {
        input::read(body, |f| Self {
            email: f.required("email", text).trim().to_lowercase(),
            password: Password(f.required("password", text)),
        })
    }
}

/// Body of a change to one's own account.
#[derive(Debug, Clone, Default)]
pub struct UserPatch {
    /// New name.
    pub name: Option<String>,
    /// New password, with the present one.
    pub password: Option<PasswordChange>,
}

/// A new password, and the present one as proof.
#[derive(Debug, Clone)]
pub struct PasswordChange {
    /// The present one.
    pub current: Password,
    /// The new one.
    pub new: Password,
}

impl UserPatch {
    /// Reads the body.
    ///
    /// # Errors
    /// All problems.
    pub fn read(body: Value) -> Checked<Self> {
        input::read(body, |f| {
            let name = f.optional("name", input::name);
            let new = f.optional("password", new_password);
            let current = f.optional("current_password", text).map(Password);
            let password = match (current, new) {
                (Some(current), Some(new)) => Some(PasswordChange { current, new }),
                (None, Some(_)) => {
                    f.refuse("current_password", "is required to change the password");
                    None
                }
                (_, None) => None,
            };
            Self { name, password }
        })
    }
}

impl PartialSchema for UserPatch {
    fn schema() -> RefOr<Schema> {
        let of = |name| Ref::from_schema_name(name);
        let fields = ObjectBuilder::new()
            .property("name", of(shape::Name::name()))
            .property("password", of(shape::NewPassword::name()))
            .property("current_password", of(shape::TypedPassword::name()));
        fields.description(Some("`password` needs `current_password`. What is absent stays.")).into()
    }
}
impl ToSchema for UserPatch {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((shape::Name::name().into(), shape::Name::schema()));
        schemas.push((shape::NewPassword::name().into(), shape::NewPassword::schema()));
        schemas.push((shape::TypedPassword::name().into(), shape::TypedPassword::schema()));
    }
}

pub(super) fn email(value: Value) -> Checked<Email> {
    match value.as_str().map(str::parse) {
        Some(Ok(email)) => Ok(email),
        Some(Err(NotAnEmail)) => wrong(NotAnEmail.to_string()),
        None => wrong("must be text"),
    }
}

fn new_password(value: Value) -> Checked<Password> {
    let text = text(value)?;
    let chars = text.chars().count();
    if !(limit::PASSWORD_CHARS_MIN..=limit::PASSWORD_CHARS).contains(&chars) {
        return wrong(format!(
            "must have {} to {} characters",
            limit::PASSWORD_CHARS_MIN,
            limit::PASSWORD_CHARS
        ));
    }
    Ok(Password(text))
}

fn text(value: Value) -> Checked<String> {
    match value {
        Value::String(text) if text.chars().count() <= limit::PASSWORD_CHARS => Ok(text),
        Value::String(_) => wrong(format!("must have at most {} characters", limit::PASSWORD_CHARS)),
        _ => wrong("must be text"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_address_is_folded() {
        assert_eq!(" Ada@Example.ORG ".parse::<Email>().unwrap().as_str(), "ada@example.org");
        for wrong in ["", "ada", "@x", "ada@", "a b@x", "a@b@c"] {
            assert!(wrong.parse::<Email>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_signup_reports_all_problems() {
        let problems =
            Signup::read(json!({"email": "ada", "password": "short", "role": "admin"})).unwrap_err();
        let pointers: Vec<_> = problems.iter().map(|p| p.pointer.as_str()).collect();
        assert_eq!(pointers, ["/email", "/password", "/role"]);
    }

    #[test]
    fn a_name_that_is_not_given_is_a_name_that_could_be() {
        let local = "a".repeat(limit::NAME_CHARS + 1);
        let body = json!({"email": format!("{local}@example.org"), "password": "long enough"});
        let signup = Signup::read(body.clone()).unwrap();
        assert_eq!(signup.name, local[1..]);
        let named =
            Signup::read(json!({"email": body["email"], "password": "long enough", "name": signup.name}));
        assert_eq!(named.unwrap().name, local[1..]);
    }

    #[test]
    fn a_new_password_needs_the_present_one() {
        let problems = UserPatch::read(json!({"password": "long enough"})).unwrap_err();
        assert_eq!(problems[0].pointer, "/current_password");
    }

    #[test]
    fn a_password_does_not_print() {
        let login = Login::read(json!({"email": "a@b", "password": "hunter22"})).unwrap();
        assert!(!format!("{login:?}").contains("hunter22"));
    }
}
