//! The parameters of a call, in the order they came.
//!
//! Like a servlet, reading takes the first value of a name; unlike one, a broken percent-encoding
//! or bytes that are no UTF-8 refuse the whole call instead of dropping the parameter: what is
//! signed is then always what is read.

use std::borrow::Cow;

use crate::{error::Error, xml};

/// One decoded parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Parameter {
    name: String,
    value: String,
}

/// An ordered list of decoded parameters; a name may occur more than once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parameters(Vec<Parameter>);

impl Parameters {
    /// The longest query read, in bytes.
    pub const MAX_QUERY_BYTES: usize = 64 * 1024;
    /// The longest form read, in bytes: what a BigBlueButton server takes by default.
    pub const MAX_FORM_BYTES: usize = 2 * 1024 * 1024;
    /// The most parameters read.
    pub const MAX_COUNT: usize = 1_000;
    /// The longest name of metadata or of people's data that is passed on, in bytes.
    pub const MAX_DATA_NAME_BYTES: usize = 64;

    /// No parameters.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a query as it stands after the `?` of an address.
    ///
    /// # Errors
    /// When it is too long, has too many parameters, or cannot be decoded.
    pub fn from_query(raw: &str) -> Result<Self, Error> {
        Self::parse(raw.as_bytes(), Self::MAX_QUERY_BYTES)
    }

    /// Reads a body of the type `application/x-www-form-urlencoded`.
    ///
    /// # Errors
    /// As [`Parameters::from_query`].
    pub fn from_form(raw: &[u8]) -> Result<Self, Error> {
        Self::parse(raw, Self::MAX_FORM_BYTES)
    }

    fn parse(raw: &[u8], max: usize) -> Result<Self, Error> {
        if raw.len() > max {
            return Err(Error::ParametersTooLong {
                found: raw.len(),
                max,
            });
        }
        let mut parameters = Vec::new();
        for segment in raw
            .split(|byte| *byte == b'&')
            .filter(|segment| !segment.is_empty())
        {
            let position = parameters.len();
            if position == Self::MAX_COUNT {
                return Err(Error::TooManyParameters {
                    max: Self::MAX_COUNT,
                });
            }
            let split = segment.iter().position(|byte| *byte == b'=');
            let (name, value) = match split {
                Some(at) => (&segment[..at], &segment[at + 1..]),
                None => (segment, &[][..]),
            };
            parameters.push(Parameter {
                name: decode(name, position)?,
                value: decode(value, position)?,
            });
        }
        Ok(Self(parameters))
    }

    /// Writes the parameters for a query or form, as a browser's form would.
    pub fn encode(&self) -> String {
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(self.iter())
            .finish()
    }

    /// The first value of a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|parameter| parameter.name == name)
            .map(|found| found.value.as_str())
    }

    /// The first value of a name, unless it is empty.
    pub fn filled(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// Whether a name occurs.
    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// All parameters in order, repeated names included.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|parameter| (parameter.name.as_str(), parameter.value.as_str()))
    }

    /// How many parameters there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a parameter at the end.
    pub fn push(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.push(Parameter {
            name: name.into(),
            value: value.into(),
        });
    }

    /// Adds a parameter at the end and returns the list, for building one in an expression.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.push(name, value);
        self
    }

    /// Adds what another list has and this one has not under any name.
    pub fn merge(&mut self, other: Self) {
        for parameter in other.0 {
            if !self.contains(&parameter.name) {
                self.0.push(parameter);
            }
        }
    }

    /// Removes every value of a name; returns the first.
    pub fn take(&mut self, name: &str) -> Option<String> {
        let first = self.get(name).map(str::to_owned);
        if first.is_some() {
            self.0.retain(|parameter| parameter.name != name);
        }
        first
    }

    /// Removes every parameter whose name fits; returns them in order.
    pub fn take_where(&mut self, fits: impl Fn(&str) -> bool) -> Vec<(String, String)> {
        let (taken, kept) = std::mem::take(&mut self.0)
            .into_iter()
            .partition(|parameter: &Parameter| fits(&parameter.name));
        self.0 = kept;
        taken
            .into_iter()
            .map(|parameter: Parameter| (parameter.name, parameter.value))
            .collect()
    }

    /// Forces a value: in place of the first of that name, the others removed, or at the end.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        let value = value.into();
        let Some(first) = self.0.iter().position(|parameter| parameter.name == name) else {
            return self.push(name, value);
        };
        self.0[first].value = value;
        let mut position = 0;
        self.0.retain(|parameter| {
            let keep = position <= first || parameter.name != name;
            position += 1;
            keep
        });
    }

    /// Gives a value where there is none or an empty one.
    pub fn fall_back(&mut self, name: &str, value: impl Into<String>) {
        if self.filled(name).is_none() {
            self.set(name, value);
        }
    }

    /// Takes out what a server could not write into its answers again, where it stands for all to read:
    /// characters that XML cannot carry, and metadata and people's data whose names cannot name an
    /// element of at most [`Parameters::MAX_DATA_NAME_BYTES`].
    pub fn leave_out_what_xml_cannot_carry(&mut self) {
        self.0.retain(|parameter| {
            let of_data = DATA_PREFIXES
                .iter()
                .find_map(|prefix| parameter.name.strip_prefix(prefix));
            of_data.is_none_or(names_data)
        });
        for parameter in &mut self.0 {
            if let Cow::Owned(carried) = xml::carried(&parameter.value) {
                parameter.value = carried;
            }
        }
    }

    /// Caps a number. Missing, unreadable, 0 and negative mean unlimited and become the cap.
    ///
    /// Afterwards there is one value, written so that every reader reads the same number: what one
    /// reader takes for 5 (` 5`, `+5`, a second value) another may take for nothing.
    pub fn cap(&mut self, name: &str, max: u64) {
        let asked = self
            .get(name)
            .filter(|value| value.bytes().all(|byte| byte.is_ascii_digit()));
        let asked = asked
            .and_then(|value| value.parse::<u64>().ok())
            .unwrap_or_default();
        let capped = if asked == 0 { max } else { asked.min(max) };
        self.set(name, capped.to_string());
    }

    /// Adds an item to a list separated by commas, once.
    pub fn add_to_list(&mut self, name: &str, item: &str) {
        let list = self.get(name).unwrap_or_default();
        if list.split(',').any(|known| known.trim() == item) {
            return;
        }
        let longer = if list.trim().is_empty() {
            item.to_owned()
        } else {
            format!("{list},{item}")
        };
        self.set(name, longer);
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Parameters {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let mut parameters = Self::new();
        for (name, value) in pairs {
            parameters.push(name, value);
        }
        parameters
    }
}

/// Beginnings of the parameters whose names become names of elements.
const DATA_PREFIXES: [&str; 2] = ["meta_", "userdata-"];

/// Whether a name of metadata or of people's data can name a short element.
fn names_data(name: &str) -> bool {
    let is_begun = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    is_begun
        && name.len() <= Parameters::MAX_DATA_NAME_BYTES
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

/// Decodes one name or value: `+` is a blank, `%` takes two hexadecimal digits.
fn decode(raw: &[u8], position: usize) -> Result<String, Error> {
    let mut decoded = Vec::with_capacity(raw.len());
    let mut bytes = raw.iter();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: Option<&u8>| byte.and_then(|byte| (*byte as char).to_digit(16));
                match (digit(bytes.next()), digit(bytes.next())) {
                    (Some(high), Some(low)) => (high * 16 + low) as u8,
                    _ => return Err(Error::PercentEncoding { position }),
                }
            }
            other => *other,
        });
    }
    String::from_utf8(decoded).map_err(|_| Error::ParameterNotUtf8 { position })
}

/// Encodes one value as a form does.
pub(crate) fn encode_value(value: &str) -> String {
    form_urlencoded::byte_serialize(value.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_first_value_of_a_name_counts() {
        let parameters = Parameters::from_query("a=1&b&a=2&&c=x=y&=z").unwrap();
        assert_eq!(parameters.get("a"), Some("1"));
        assert_eq!(parameters.get("b"), Some(""));
        assert_eq!(parameters.get("c"), Some("x=y"));
        assert_eq!(parameters.get(""), Some("z"));
        assert_eq!(parameters.len(), 5);
    }

    #[test]
    fn blanks_and_letters_of_all_scripts_are_decoded() {
        let parameters = Parameters::from_query("name=caf%C3%A9+%26+t%C3%a8&x=a%20b").unwrap();
        assert_eq!(parameters.get("name"), Some("café & tè"));
        assert_eq!(parameters.get("x"), Some("a b"));
    }

    #[test]
    fn a_broken_encoding_refuses_the_call() {
        for broken in ["a=%", "a=%4", "a=%zz", "%=1", "a=%+1"] {
            let found = Parameters::from_query(broken);
            assert!(
                matches!(found, Err(Error::PercentEncoding { position: 0 })),
                "{broken}"
            );
        }
        let found = Parameters::from_query("ok=1&a=%ff");
        assert!(matches!(
            found,
            Err(Error::ParameterNotUtf8 { position: 1 })
        ));
    }

    #[test]
    fn a_flood_of_parameters_is_refused() {
        let many = "a&".repeat(Parameters::MAX_COUNT + 1);
        assert!(matches!(
            Parameters::from_query(&many),
            Err(Error::TooManyParameters { .. })
        ));
        let long = "a".repeat(Parameters::MAX_QUERY_BYTES + 1);
        assert!(matches!(
            Parameters::from_query(&long),
            Err(Error::ParametersTooLong { .. })
        ));
        assert!(Parameters::from_form(long.as_bytes()).is_ok());
    }

    #[test]
    fn forcing_a_value_leaves_one_of_its_name_in_its_place() {
        let mut parameters = Parameters::from_query("a=1&b=2&a=3").unwrap();
        parameters.set("a", "9");
        parameters.set("c", "4");
        assert_eq!(parameters.encode(), "a=9&b=2&c=4");
    }

    #[test]
    fn a_fall_back_gives_way_to_a_value() {
        let mut parameters = Parameters::from_query("a=1&b=").unwrap();
        for name in ["a", "b", "c"] {
            parameters.fall_back(name, "0");
        }
        assert_eq!(parameters.encode(), "a=1&b=0&c=0");
    }

    #[test]
    fn unlimited_becomes_the_cap() {
        for (asked, capped) in [
            ("n=5", "n=5"),
            ("n=10", "n=10"),
            ("n=11", "n=10"),
            ("n=0", "n=10"),
            ("n=-3", "n=10"),
            ("n=+5", "n=10"),
            ("n=%2B5", "n=10"),
            ("n=007", "n=7"),
            ("n=5&n=0", "n=5"),
            ("n=many", "n=10"),
            ("", "n=10"),
            ("n=99999999999999999999999", "n=10"),
        ] {
            let mut parameters = Parameters::from_query(asked).unwrap();
            parameters.cap("n", 10);
            assert_eq!(parameters.encode(), capped, "{asked}");
        }
    }

    #[test]
    fn an_item_is_added_to_a_list_once() {
        let mut parameters = Parameters::from_query("d=chat%2Cpolls").unwrap();
        parameters.add_to_list("d", "polls");
        parameters.add_to_list("d", "breakoutRooms");
        parameters.add_to_list("e", "x");
        assert_eq!(parameters.encode(), "d=chat%2Cpolls%2CbreakoutRooms&e=x");
    }

    #[test]
    fn what_an_answer_could_not_carry_is_left_out() {
        let long = "x".repeat(Parameters::MAX_DATA_NAME_BYTES);
        let mut parameters = Parameters::new()
            .with("fullName", "A\u{fffe}da\u{1b}\n")
            .with("a b", "1")
            .with(format!("meta_{long}"), "kept")
            .with(format!("meta_{long}x"), "too long")
            .with("meta_", "no name")
            .with("meta_1a", "no name")
            .with("userdata-bbb_x.y-1", "kept\u{ffff}")
            .with("userdata-a b", "no name")
            .with("userdata-a>", "no name")
            .with("userdata-\u{e9}", "no name");
        parameters.leave_out_what_xml_cannot_carry();
        let expected = Parameters::new()
            .with("fullName", "Ada\n")
            .with("a b", "1")
            .with(format!("meta_{long}"), "kept")
            .with("userdata-bbb_x.y-1", "kept");
        assert_eq!(parameters, expected);
    }

    #[test]
    fn merging_keeps_what_is_there() {
        let mut parameters = Parameters::from_query("a=1").unwrap();
        parameters.merge(Parameters::from_query("a=2&b=3").unwrap());
        assert_eq!(parameters.encode(), "a=1&b=3");
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_read_back(pairs in proptest::collection::vec((".*", ".*"), 0..20)) {
            let pairs: Vec<(String, String)> =
                pairs.into_iter().filter(|(name, value)| !(name.is_empty() && value.is_empty())).collect();
            let parameters: Parameters = pairs.into_iter().collect();
            prop_assert_eq!(Parameters::from_query(&parameters.encode()).unwrap(), parameters);
        }

        #[test]
        fn reading_never_panics(raw in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Parameters::from_form(&raw);
        }
    }
}
