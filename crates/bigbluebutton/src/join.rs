//! The call that sends a person's browser into a meeting.

use crate::{failure::Failure, query::Parameters, request};

/// What a person may do in a meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Runs the meeting.
    Moderator,
    /// Takes part.
    Viewer,
}

impl Role {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Moderator => "MODERATOR",
            Self::Viewer => "VIEWER",
        }
    }

    /// Reads a role whatever its case; anything else is no role.
    pub fn read(text: &str) -> Option<Self> {
        [Self::Moderator, Self::Viewer]
            .into_iter()
            .find(|role| role.name().eq_ignore_ascii_case(text))
    }
}

/// A person to let into a meeting, checked as a server checks it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Join {
    /// The caller's id of the meeting.
    pub meeting_id: String,
    /// The name others see. Empty only where `firstName` and `lastName` in `rest` stand for it.
    pub full_name: String,
    /// One of the meeting's two passwords; an empty one counts as none.
    pub password: Option<String>,
    /// The role; beats the password.
    pub role: Option<Role>,
    /// When the meeting was created, so that a link outlives no meeting.
    pub create_time_ms: Option<i64>,
    /// The caller's id of the person.
    pub user_id: Option<String>,
    /// Whether the person is a guest.
    pub guest: Option<bool>,
    /// `false` asks for XML in place of a redirect.
    pub redirect: Option<bool>,
    /// Everything else, in order.
    pub rest: Parameters,
}

impl Join {
    /// Reads and checks the parameters of a call.
    ///
    /// # Errors
    /// The refusal a server would answer with.
    pub fn read(mut parameters: Parameters) -> Result<Self, Failure> {
        parameters.take(crate::checksum::PARAMETER);
        let meeting_id = request::meeting_id(&mut parameters)?;
        let full_name = parameters.take("fullName").unwrap_or_default();
        let named = ["firstName", "lastName"]
            .iter()
            .any(|name| parameters.filled(name).is_some());
        if full_name.trim().is_empty() && !named {
            return Err(Failure::missing_full_name());
        }
        let password = request::password(&mut parameters, "password")?;
        let guest = request::boolean(parameters.get("guest"), Failure::guest_type)?;
        parameters.take("guest");
        request::boolean(parameters.get("auth"), Failure::auth_type)?;
        let create_time_ms = match request::taken(&mut parameters, "createTime") {
            Some(time) => Some(time.trim().parse().map_err(|_| Failure::number_type())?),
            None => None,
        };
        let role = parameters.get("role").and_then(Role::read);
        if role.is_some() {
            parameters.take("role");
        }
        let redirect = request::taken(&mut parameters, "redirect")
            .map(|value| value.eq_ignore_ascii_case("true"));
        Ok(Self {
            meeting_id,
            full_name,
            password,
            role,
            create_time_ms,
            user_id: request::taken(&mut parameters, "userID"),
            guest,
            redirect,
            rest: parameters,
        })
    }

    /// The name others see, put together where it came in two parts.
    pub fn display_name(&self) -> String {
        let clean = crate::checksum::sanitized(&self.full_name);
        if !clean.is_empty() {
            return clean;
        }
        let part = |name| self.rest.get(name).unwrap_or_default();
        format!("{} {}", part("firstName"), part("lastName"))
            .trim()
            .to_owned()
    }

    /// The parameters of the call, to be sent on; those with a field first.
    pub fn into_parameters(self) -> Parameters {
        let mut all = Parameters::new().with("meetingID", self.meeting_id);
        if !self.full_name.is_empty() {
            all.push("fullName", self.full_name);
        }
        let fields = [
            ("password", self.password),
            ("role", self.role.map(|role| role.name().to_owned())),
            (
                "createTime",
                self.create_time_ms.map(|value| value.to_string()),
            ),
            ("userID", self.user_id),
            ("guest", self.guest.map(|value| value.to_string())),
            ("redirect", self.redirect.map(|value| value.to_string())),
        ];
        let mut rest = self.rest;
        for (name, value) in fields {
            if let Some(value) = value {
                rest.take(name);
                all.push(name, value);
            }
        }
        for (name, value) in rest.iter() {
            all.push(name, value);
        }
        all
    }

    /// The address a person whose join failed is sent to, with the reason; none was given
    /// unless this is something.
    ///
    /// Servers take `errorRedirectUrl`, else `logoutURL`, and add `errors=[{key, message}]`; with
    /// `redirect=false` they answer in XML. Only for calls whose checksum was right: anybody can
    /// write an address into a link without one.
    pub fn error_redirect(parameters: &Parameters, failure: &Failure) -> Option<String> {
        let target = parameters
            .filled("errorRedirectUrl")
            .or_else(|| parameters.filled("logoutURL"))
            .filter(|url| url.starts_with("https://") || url.starts_with("http://"))?;
        let errors = serde_json::json!([{"key": failure.key, "message": failure.message}]);
        Some(crate::callback::with_parameter(
            target,
            "errors",
            &errors.to_string(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Join, Failure> {
        Join::read(Parameters::from_query(query).unwrap())
    }

    #[test]
    fn a_role_beats_an_empty_password() {
        let join = read("meetingID=r1&fullName=Ada&password=&role=moderator&userdata-x=1").unwrap();
        assert_eq!(join.role, Some(Role::Moderator));
        assert_eq!(join.password, None);
        assert_eq!(
            join.into_parameters().encode(),
            "meetingID=r1&fullName=Ada&role=MODERATOR&userdata-x=1"
        );
    }

    #[test]
    fn a_name_in_two_parts_stays_in_two_parts() {
        let join = read("meetingID=r1&firstName=Ada&lastName=Lovelace&role=viewer").unwrap();
        assert_eq!(join.display_name(), "Ada Lovelace");
        assert_eq!(
            join.into_parameters().encode(),
            "meetingID=r1&role=VIEWER&firstName=Ada&lastName=Lovelace"
        );
    }

    #[test]
    fn each_broken_rule_has_its_refusal() {
        for (query, expected) in [
            ("fullName=Ada", Failure::missing_meeting_id()),
            ("meetingID=r1", Failure::missing_full_name()),
            ("meetingID=r1&fullName=+", Failure::missing_full_name()),
            (
                "meetingID=r1&fullName=Ada&password=x",
                Failure::invalid_password(),
            ),
            (
                "meetingID=r1&fullName=Ada&guest=perhaps",
                Failure::guest_type(),
            ),
            (
                "meetingID=r1&fullName=Ada&auth=perhaps",
                Failure::auth_type(),
            ),
            (
                "meetingID=r1&fullName=Ada&createTime=now",
                Failure::number_type(),
            ),
        ] {
            assert_eq!(read(query), Err(expected), "{query}");
        }
    }

    #[test]
    fn a_failed_join_goes_where_the_caller_asked() {
        let parameters =
            Parameters::from_query("logoutURL=https%3A%2F%2Fa.example%2Fout%3Fx%3D1").unwrap();
        let target = Join::error_redirect(&parameters, &Failure::guest_denied()).unwrap();
        assert!(
            target.starts_with("https://a.example/out?x=1&errors=%5B%7B%22key%22"),
            "{target}"
        );
        let script = Parameters::from_query("logoutURL=javascript%3Aalert(1)").unwrap();
        assert_eq!(
            Join::error_redirect(&script, &Failure::guest_denied()),
            None
        );
    }
}
