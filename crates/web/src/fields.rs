//! The fields of a form as they were sent.

use crate::error::{FieldFault, WebError};

/// The most fields of one form.
const FIELDS_MAX: usize = 500;

/// Names and values, in order; a name may come more than once.
#[derive(Debug, Clone, Default)]
pub struct Fields(Vec<(String, String)>);

impl From<Vec<(String, String)>> for Fields {
    fn from(fields: Vec<(String, String)>) -> Self {
        Self(fields)
    }
}

impl Fields {
    /// Reads a body of the type `application/x-www-form-urlencoded`. Line ends become `\n`, as the
    /// text that was typed had them.
    ///
    /// # Errors
    /// When it has too many fields or is not UTF-8.
    pub fn parse(body: &[u8]) -> Result<Self, WebError> {
        let fields: Vec<(String, String)> = form_urlencoded::parse(body)
            .take(FIELDS_MAX + 1)
            .map(|(name, value)| (name.into_owned(), value.replace("\r\n", "\n")))
            .collect();
        if fields.len() > FIELDS_MAX {
            return Err(WebError::Malformed(format!(
                "a form has at most {FIELDS_MAX} fields"
            )));
        }
        Ok(Self(fields))
    }

    /// The first value of a name, without outer white space; empty if it was not sent.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// The first value of a name as it was sent: passwords.
    #[must_use]
    pub fn raw(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(own, _)| own == name);
        found.map_or("", |(_, value)| value)
    }

    /// Every value of a name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(own, _)| own == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether a box is ticked.
    #[must_use]
    pub fn is_ticked(&self, name: &str) -> bool {
        !self.get(name).is_empty()
    }

    /// The value of a name, if there is one.
    #[must_use]
    pub fn optional(&self, name: &str) -> Option<&str> {
        Some(self.get(name)).filter(|value| !value.is_empty())
    }

    /// A value of a type that is read from text.
    ///
    /// # Errors
    /// A fault in the field that says `message`.
    pub fn parsed<T: std::str::FromStr>(
        &self,
        name: &'static str,
        message: &str,
    ) -> Result<T, WebError> {
        let fault = |_| WebError::Form(vec![FieldFault::new(name, message)]);
        self.get(name).parse().map_err(fault)
    }

    /// Names and values, to fill the form again. Passwords, tokens and secrets are left out.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        let is_secret =
            |name: &str| matches!(name, "password" | "current" | "new" | "secret" | "csrf");
        let shown = self.0.iter().filter(move |(name, _)| !is_secret(name));
        shown.map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_decoded_and_line_ends_are_what_was_typed() {
        let fields = Fields::parse(b"a=1+2%0D%0A3&b=&role=x&role=y&current=+s+&csrf=t").unwrap();
        assert_eq!(fields.get("a"), "1 2\n3");
        assert_eq!(fields.optional("b"), None);
        assert_eq!(fields.all("role").collect::<Vec<_>>(), ["x", "y"]);
        assert_eq!(fields.raw("current"), " s ");
        assert!(
            fields
                .pairs()
                .all(|(name, _)| name != "current" && name != "csrf")
        );
    }

    #[test]
    fn a_form_of_a_million_fields_is_refused() {
        assert!(Fields::parse("a=&".repeat(600).as_bytes()).is_err());
    }
}
