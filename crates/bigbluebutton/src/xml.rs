//! XML as the API uses it: elements, attributes and text.
//!
//! Reading is hardened: no document types, no entities beyond the five every document has, limits
//! on size, depth and number of parts. Reading and writing leave out what XML cannot carry.

use std::{borrow::Cow, fmt};

mod names;
mod reading;

use crate::error::Error;

/// The largest document read, in bytes.
pub const MAX_BYTES: usize = 16 * 1024 * 1024;
/// The deepest nesting read.
pub const MAX_DEPTH: usize = 16;
/// The most elements, texts and attributes read from one document.
pub const MAX_PARTS: usize = 400_000;
/// The most attributes of one element.
pub const MAX_ATTRIBUTES: usize = 32;
/// The longest name of an element or attribute, in bytes.
pub const MAX_NAME_BYTES: usize = 256;

/// An element with its attributes and content.
///
/// Blank text between elements is not kept; the text of an element without elements in it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    name: Cow<'static, str>,
    attributes: Vec<(String, String)>,
    content: Vec<Node>,
}

/// What stands in an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// An element.
    Element(Element),
    /// Text, unescaped.
    Text(String),
}

impl Element {
    /// An empty element.
    ///
    /// # Errors
    /// [`Error::XmlName`] when the name is none.
    pub fn new(name: &str) -> Result<Self, Error> {
        if !is_name(name) {
            return Err(Error::XmlName { bytes: name.len() });
        }
        Ok(Self::bare(Cow::Owned(name.to_owned())))
    }

    /// An empty element with a name known to be one.
    pub(crate) fn known(name: &'static str) -> Self {
        debug_assert!(is_name(name));
        Self::bare(Cow::Borrowed(name))
    }

    fn bare(name: Cow<'static, str>) -> Self {
        Self {
            name,
            attributes: Vec::new(),
            content: Vec::new(),
        }
    }

    /// Reads a document: one element, with or without a declaration before it.
    ///
    /// # Errors
    /// One of the XML variants of [`Error`].
    pub fn read(document: &[u8]) -> Result<Self, Error> {
        reading::read(document)
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The attributes in order.
    pub fn attributes(&self) -> &[(String, String)] {
        &self.attributes
    }

    /// The value of an attribute.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// Adds an attribute.
    ///
    /// # Errors
    /// [`Error::XmlName`] when the name is none.
    pub fn set_attribute(&mut self, name: &str, value: impl Into<String>) -> Result<(), Error> {
        if !is_name(name) {
            return Err(Error::XmlName { bytes: name.len() });
        }
        self.attributes.retain(|(known, _)| known != name);
        self.attributes.push((name.to_owned(), value.into()));
        Ok(())
    }

    /// What stands in the element, in order.
    pub fn content(&self) -> &[Node] {
        &self.content
    }

    /// Takes the content out.
    pub fn into_content(self) -> Vec<Node> {
        self.content
    }

    /// The elements in this one, in order.
    pub fn children(&self) -> impl Iterator<Item = &Element> {
        self.content.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// Takes the elements in this one out, in order.
    pub fn into_children(self) -> impl Iterator<Item = Element> {
        self.content.into_iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// The first element of a name in this one.
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children().find(|element| element.name == name)
    }

    /// The text that stands directly in this element.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for node in &self.content {
            if let Node::Text(part) = node {
                text.push_str(part);
            }
        }
        text
    }

    /// Adds an element at the end.
    pub fn push(&mut self, child: Element) {
        self.content.push(Node::Element(child));
    }

    /// Puts text in place of all content.
    pub fn set_text(&mut self, text: impl Into<String>) {
        let text = text.into();
        self.content.clear();
        if !text.is_empty() {
            self.content.push(Node::Text(text));
        }
    }

    /// Puts text in place of all content and returns the element.
    #[must_use]
    pub fn with_text(mut self, text: impl Into<String>) -> Self {
        self.set_text(text);
        self
    }

    /// Adds an element at the end and returns this one.
    #[must_use]
    pub fn with(mut self, child: Element) -> Self {
        self.push(child);
        self
    }
}

impl fmt::Display for Element {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut writer = Writer::new();
        writer.element(self);
        formatter.write_str(&writer.finish())
    }
}

/// Writes a document from its beginning to its end.
#[derive(Debug, Default)]
pub(crate) struct Writer(String);

impl Writer {
    pub(crate) fn new() -> Self {
        Self(String::with_capacity(1024))
    }

    pub(crate) fn open(&mut self, name: &str) {
        self.0.push('<');
        self.0.push_str(name);
        self.0.push('>');
    }

    pub(crate) fn close(&mut self, name: &str) {
        self.0.push_str("</");
        self.0.push_str(name);
        self.0.push('>');
    }

    /// An element without content.
    pub(crate) fn empty(&mut self, name: &str) {
        self.0.push('<');
        self.0.push_str(name);
        self.0.push_str("/>");
    }

    /// An element with text; without any it has still two tags, as templates write it.
    pub(crate) fn leaf(&mut self, name: &str, text: &str) {
        self.open(name);
        escape(text, false, &mut self.0);
        self.close(name);
    }

    /// An element with something that needs no escaping: a number or boolean.
    pub(crate) fn plain(&mut self, name: &str, value: impl fmt::Display) {
        use fmt::Write as _;
        self.open(name);
        write!(self.0, "{value}").expect("writing to a string cannot fail");
        self.close(name);
    }

    pub(crate) fn element(&mut self, element: &Element) {
        self.0.push('<');
        self.0.push_str(&element.name);
        for (name, value) in &element.attributes {
            self.0.push(' ');
            self.0.push_str(name);
            self.0.push_str("=\"");
            escape(value, true, &mut self.0);
            self.0.push('"');
        }
        if element.content.is_empty() {
            self.0.push_str("/>");
            return;
        }
        self.0.push('>');
        for node in &element.content {
            match node {
                Node::Element(child) => self.element(child),
                Node::Text(text) => escape(text, false, &mut self.0),
            }
        }
        self.close(&element.name);
    }

    pub(crate) fn elements(&mut self, elements: &[Element]) {
        for element in elements {
            self.element(element);
        }
    }

    pub(crate) fn finish(self) -> String {
        self.0
    }
}

/// Appends text with everything escaped that is markup; leaves out what XML cannot carry.
///
/// Line ends and tabs are written by number where a reader would turn them into something else.
fn escape(text: &str, attribute: bool, out: &mut String) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\r' => out.push_str("&#13;"),
            '\n' if attribute => out.push_str("&#10;"),
            '\t' if attribute => out.push_str("&#9;"),
            other if is_character(other) => out.push(other),
            _ => {}
        }
    }
}

/// Text with everything escaped that is markup, for pages.
#[cfg(feature = "laboratory")]
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    escape(text, true, &mut out);
    out
}

/// Whether XML 1.0 can carry a character.
pub(crate) fn is_character(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// A text without what XML 1.0 cannot carry.
pub(crate) fn carried(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_character) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().filter(|one| is_character(*one)).collect())
}

/// Whether a text can name an element: letters of any script, digits, `_`, `-`, `.` and `:`.
pub(crate) fn is_name(name: &str) -> bool {
    let mut characters = name.chars();
    let first = characters
        .next()
        .is_some_and(|first| first.is_alphabetic() || first == '_');
    first
        && name.len() <= MAX_NAME_BYTES
        && characters.all(|other| other.is_alphanumeric() || matches!(other, '_' | '-' | '.' | ':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_text_is_escaped_and_control_characters_are_left_out() {
        let mut element = Element::known("a").with_text("<b> & \"c\" \u{0}\u{1b}\u{fffe}d\r\n");
        element.set_attribute("t", "x\t<'\n").unwrap();
        let written = element.to_string();
        assert_eq!(
            written,
            "<a t=\"x&#9;&lt;&apos;&#10;\">&lt;b&gt; &amp; &quot;c&quot; d&#13;\n</a>"
        );
        let read = Element::read(written.as_bytes()).unwrap();
        assert_eq!(read.text(), "<b> & \"c\" d\r\n");
        assert_eq!(read.attribute("t"), Some("x\t<'\n"));
    }

    #[test]
    fn a_name_that_would_break_the_markup_is_refused() {
        for name in [
            "",
            "1a",
            "a b",
            "a>",
            "a/",
            "a\"",
            "-a",
            "<",
            &"x".repeat(300),
        ] {
            assert!(Element::new(name).is_err(), "{name}");
        }
        for name in ["a", "gl-listed", "bbb-origin", "_x.y", "é", "a:b"] {
            assert!(Element::new(name).is_ok(), "{name}");
        }
    }
}
