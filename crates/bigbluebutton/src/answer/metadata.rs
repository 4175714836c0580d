//! Metadata of a meeting, a recording or a person: names and values that callers chose.

use crate::xml::{Element, Writer};

/// An ordered list of named values; each name is one of an XML element.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metadata(Vec<Element>);

impl Metadata {
    /// No metadata.
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of a name, whatever the case of the name.
    pub fn get(&self, name: &str) -> Option<String> {
        self.0
            .iter()
            .find(|entry| entry.name().eq_ignore_ascii_case(name))
            .map(Element::text)
    }

    /// Names and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, String)> {
        self.0.iter().map(|entry| (entry.name(), entry.text()))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Sets a value, in its place where the name is known. Returns whether the name can be one;
    /// where it cannot nothing changes.
    pub fn set(&mut self, name: &str, value: impl Into<String>) -> bool {
        if let Some(entry) = self
            .0
            .iter_mut()
            .find(|entry| entry.name().eq_ignore_ascii_case(name))
        {
            entry.set_text(value);
            return true;
        }
        let Ok(entry) = Element::new(name) else {
            return false;
        };
        self.0.push(entry.with_text(value));
        true
    }

    /// Removes a value, whatever the case of its name.
    pub fn remove(&mut self, name: &str) {
        self.0
            .retain(|entry| !entry.name().eq_ignore_ascii_case(name));
    }

    /// Keeps the entries whose name fits.
    pub fn retain(&mut self, fits: impl Fn(&str) -> bool) {
        self.0.retain(|entry| fits(entry.name()));
    }

    /// Reads the elements in `<metadata>` or `<customdata>`.
    pub(super) fn from_element(element: Element) -> Self {
        Self(element.into_children().collect())
    }

    pub(super) fn write(&self, name: &'static str, writer: &mut Writer) {
        writer.open(name);
        for entry in &self.0 {
            if entry.content().is_empty() && entry.attributes().is_empty() {
                writer.leaf(entry.name(), "");
            } else {
                writer.element(entry);
            }
        }
        writer.close(name);
    }
}

impl<N: AsRef<str>, V: Into<String>> FromIterator<(N, V)> for Metadata {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let mut metadata = Self::new();
        for (name, value) in pairs {
            metadata.set(name.as_ref(), value);
        }
        metadata
    }
}
