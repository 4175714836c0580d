//! Hardened reading of a document into elements.
//!
//! Servers write what people typed into their answers, and not all of them leave out what XML cannot
//! carry. One such character, or a name that is none, must not hide all else a server says: the
//! character and the element are left out, while the limits hold for all of it.

use std::borrow::Cow;

use quick_xml::{
    XmlVersion,
    errors::Error as XmlError,
    escape::{EscapeError, resolve_predefined_entity},
    events::{BytesRef, BytesStart, Event},
    reader::Reader,
};

use super::{
    Element, MAX_ATTRIBUTES, MAX_BYTES, MAX_DEPTH, MAX_PARTS, Node, carried, is_name, names::kept,
};
use crate::error::Error;

/// An element that has begun.
struct Open<'a> {
    start: BytesStart<'a>,
    /// None where its name or attributes are no XML.
    element: Option<Element>,
}

/// The elements that are open, and what was read so far.
struct Document<'a> {
    open: Vec<Open<'a>>,
    root: Option<Element>,
    parts: usize,
}

pub(super) fn read(document: &[u8]) -> Result<Element, Error> {
    if document.len() > MAX_BYTES {
        return Err(Error::XmlTooLarge {
            found: document.len(),
            max: MAX_BYTES,
        });
    }
    let text = std::str::from_utf8(document).map_err(|_| Error::XmlIncomplete)?;
    let mut reader = Reader::from_str(text);
    // Checked here: an element that is left out may end as oddly as it began.
    reader.config_mut().check_end_names = false;
    let mut state = Document {
        open: Vec::new(),
        root: None,
        parts: 0,
    };
    loop {
        match reader.read_event().map_err(Error::XmlBroken)? {
            Event::Start(start) => state.start(start)?,
            Event::Empty(start) => {
                state.start(start)?;
                state.close()?;
            }
            Event::End(end) => state.end(end.name().as_ref())?,
            Event::Text(text) => state.text(&text.xml10_content().map_err(broken)?)?,
            Event::CData(text) => state.text(&text.xml10_content().map_err(broken)?)?,
            Event::GeneralRef(reference) => state.text(&resolved(&reference)?)?,
            Event::DocType(_) => return Err(Error::XmlDocumentType),
            Event::Decl(_) | Event::Comment(_) | Event::PI(_) => state.count()?,
            Event::Eof => return state.finish(),
        }
    }
}

impl<'a> Document<'a> {
    fn count(&mut self) -> Result<(), Error> {
        self.parts += 1;
        if self.parts > MAX_PARTS {
            Err(Error::XmlTooManyParts { max: MAX_PARTS })
        } else {
            Ok(())
        }
    }

    fn start(&mut self, start: BytesStart<'a>) -> Result<(), Error> {
        self.count()?;
        if self.open.len() == MAX_DEPTH {
            return Err(Error::XmlTooDeep { max: MAX_DEPTH });
        }
        if self.root.is_some() {
            return Err(Error::XmlIncomplete);
        }
        let element = self.element(&start)?;
        if element.is_none() && self.open.is_empty() {
            return Err(Error::XmlName {
                bytes: start.name().as_ref().len(),
            });
        }
        self.open.push(Open { start, element });
        Ok(())
    }

    /// The element that begins; none where it is to be left out.
    fn element(&mut self, start: &BytesStart<'_>) -> Result<Option<Element>, Error> {
        let Some(name) = element_name(start.name().as_ref()) else {
            return Ok(None);
        };
        let mut element = Element::bare(name);
        // Without its own check for repeated names, which takes time quadratic in their number.
        for attribute in start.attributes().with_checks(false) {
            self.count()?;
            let Ok(attribute) = attribute else {
                return Ok(None);
            };
            let value = match attribute.normalized_value(XmlVersion::Implicit1_0) {
                Ok(value) => value,
                Err(XmlError::Escape(EscapeError::InvalidCharRef(_))) => continue,
                Err(_) => return Err(Error::XmlEntity),
            };
            let Some(known) = named(attribute.key.as_ref()) else {
                continue;
            };
            if element.attributes.len() == MAX_ATTRIBUTES || element.attribute(known).is_some() {
                return Err(Error::XmlTooManyParts {
                    max: MAX_ATTRIBUTES,
                });
            }
            let value = carried(&value).into_owned();
            element.attributes.push((known.to_owned(), value));
        }
        Ok(Some(element))
    }

    fn end(&mut self, name: &[u8]) -> Result<(), Error> {
        let open = self.open.last().ok_or(Error::XmlIncomplete)?;
        let whole: &[u8] = &open.start;
        let is_left_out = open.element.is_none();
        if name == open.start.name().as_ref() || (is_left_out && name == whole.trim_ascii()) {
            self.close()
        } else {
            Err(Error::XmlIncomplete)
        }
    }

    fn close(&mut self) -> Result<(), Error> {
        let open = self.open.pop().ok_or(Error::XmlIncomplete)?;
        let Some(mut element) = open.element else {
            return Ok(());
        };
        tidy(&mut element);
        match self.open.last_mut() {
            Some(parent) => {
                if let Some(parent) = &mut parent.element {
                    parent.content.push(Node::Element(element));
                }
            }
            None => self.root = Some(element),
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), Error> {
        let Some(parent) = self.open.last_mut() else {
            return if text.trim().is_empty() {
                Ok(())
            } else {
                Err(Error::XmlIncomplete)
            };
        };
        if let Some(parent) = &mut parent.element {
            let text = carried(text);
            if let Some(Node::Text(before)) = parent.content.last_mut() {
                before.push_str(&text);
                return Ok(());
            }
            parent.content.push(Node::Text(text.into_owned()));
        }
        self.count()
    }

    fn finish(self) -> Result<Element, Error> {
        if !self.open.is_empty() {
            return Err(Error::XmlIncomplete);
        }
        self.root.ok_or(Error::XmlIncomplete)
    }
}

/// Drops the blank text between elements, and text that is empty.
fn tidy(element: &mut Element) {
    let has_elements = element
        .content
        .iter()
        .any(|node| matches!(node, Node::Element(_)));
    element.content.retain(|node| match node {
        Node::Element(_) => true,
        Node::Text(text) if has_elements => !text.trim().is_empty(),
        Node::Text(text) => !text.is_empty(),
    });
}

fn element_name(raw: &[u8]) -> Option<Cow<'static, str>> {
    let name = named(raw)?;
    Some(kept(name).map_or_else(|| Cow::Owned(name.to_owned()), Cow::Borrowed))
}

fn named(raw: &[u8]) -> Option<&str> {
    std::str::from_utf8(raw).ok().filter(|text| is_name(text))
}

/// The text a reference stands for: a character by number, or one of the five. A number of no character
/// stands for nothing.
fn resolved(reference: &BytesRef<'_>) -> Result<Cow<'static, str>, Error> {
    match reference.resolve_char_ref() {
        Ok(Some(character)) => return Ok(Cow::Owned(character.to_string())),
        Ok(None) => {}
        Err(_) => return Ok(Cow::Borrowed("")),
    }
    let name = reference.decode().map_err(broken)?;
    resolve_predefined_entity(&name)
        .map(Cow::Borrowed)
        .ok_or(Error::XmlEntity)
}

fn broken(error: impl Into<quick_xml::Error>) -> Error {
    Error::XmlBroken(error.into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::xml::MAX_NAME_BYTES;

    fn read_text(text: &str) -> Result<Element, Error> {
        read(text.as_bytes())
    }

    #[test]
    fn a_document_is_read_with_its_blanks_where_they_matter() {
        let read = read_text(
            "<?xml version=\"1.0\"?>\n<!-- c --><a>\n  <b> x <![CDATA[<y>]]>&amp;&#233;</b>\n  <c/>\n</a>\n",
        )
        .unwrap();
        assert_eq!(read.child("b").unwrap().text(), " x <y>&é");
        assert_eq!(read.to_string(), "<a><b> x &lt;y&gt;&amp;é</b><c/></a>");
    }

    #[test]
    fn document_types_and_entities_are_refused() {
        let bomb = "<!DOCTYPE a [<!ENTITY b \"bbbb\">]><a>&b;</a>";
        assert!(matches!(read_text(bomb), Err(Error::XmlDocumentType)));
        for text in [
            "<a>&b;</a>",
            "<a t=\"&b;\"/>",
            "<a><1>&b;</1></a>",
            "<a><b t=\"&#0;\" u=\"&b;\"/></a>",
        ] {
            assert!(matches!(read_text(text), Err(Error::XmlEntity)), "{text}");
        }
    }

    #[test]
    fn what_xml_cannot_carry_is_left_out_and_all_else_is_read() {
        let long = "x".repeat(MAX_NAME_BYTES + 1);
        for (text, expected) in [
            ("<a>A\u{ffff}d\u{1b}a</a>".to_owned(), "<a>Ada</a>"),
            ("<a><![CDATA[A\u{fffe}da]]></a>".to_owned(), "<a>Ada</a>"),
            (
                "<a>&#0;A&#x1b;&#xD800;&#xfffe;&#99999999999;da</a>".to_owned(),
                "<a>Ada</a>",
            ),
            (
                "<a><b t=\"&#0;\" u=\"A\u{fffe}da\"/></a>".to_owned(),
                "<a><b u=\"Ada\"/></a>",
            ),
            (
                format!("<a><{long}>x<y>z</y></{long}><b>1</b></a>"),
                "<a><b>1</b></a>",
            ),
            (
                format!("<a><{long}/><b {long}=\"x\">1</b></a>"),
                "<a><b>1</b></a>",
            ),
            (
                "<a><1st>x</1st><c d>x</c d><c d/><b>1</b></a>".to_owned(),
                "<a><b>1</b></a>",
            ),
        ] {
            // Compared as read: writing leaves the same characters out.
            let expected = read_text(expected).unwrap();
            assert_eq!(read_text(&text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_left_out_counts_all_the_same() {
        let deep = format!(
            "<a>{}{}</a>",
            "<1>".repeat(MAX_DEPTH),
            "</1>".repeat(MAX_DEPTH)
        );
        assert!(matches!(read_text(&deep), Err(Error::XmlTooDeep { .. })));
        for many in ["<1/>", "<1>x</1>", "&#0;<1/>"] {
            let many = format!("<r>{}</r>", many.repeat(MAX_PARTS));
            assert!(matches!(
                read_text(&many),
                Err(Error::XmlTooManyParts { .. })
            ));
        }
    }

    #[test]
    fn depth_size_and_number_of_parts_are_limited() {
        let nested = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
        assert!(read_text(&nested(MAX_DEPTH)).is_ok());
        assert!(matches!(
            read_text(&nested(MAX_DEPTH + 1)),
            Err(Error::XmlTooDeep { .. })
        ));
        let many = format!("<r>{}</r>", "<a/>".repeat(MAX_PARTS));
        assert!(matches!(
            read_text(&many),
            Err(Error::XmlTooManyParts { .. })
        ));
        let attributes: String = (0..=MAX_ATTRIBUTES)
            .map(|n| format!(" a{n}=\"\""))
            .collect();
        let found = read_text(&format!("<r{attributes}/>"));
        assert!(matches!(found, Err(Error::XmlTooManyParts { .. })));
        assert!(read_text("<r a=\"1\" a=\"2\"/>").is_err());
        let large = format!("<r>{}</r>", " ".repeat(MAX_BYTES));
        assert!(matches!(read_text(&large), Err(Error::XmlTooLarge { .. })));
    }

    #[test]
    fn anything_but_one_whole_element_is_refused() {
        for text in [
            "",
            "   ",
            "hello",
            "<a>",
            "<a></b>",
            "</a>",
            "<a/><b/>",
            "<a/>x",
            "<a b=c/>",
            "<a",
            "<1/>",
            "<a><1></a>",
            "<a><1></2></a>",
            "<a><b c=\"d\"></b c=\"d\"></a>",
        ] {
            assert!(read_text(text).is_err(), "{text}");
        }
        assert!(read(b"<a>\xff</a>").is_err());
    }

    fn element() -> impl Strategy<Value = Element> {
        let name = "[a-zA-Z_][a-zA-Z0-9_.-]{0,8}";
        let text = proptest::collection::vec(
            prop_oneof![
                Just('\r'),
                Just('\n'),
                Just('&'),
                proptest::char::range(' ', '\u{d7ff}')
            ],
            0..12,
        )
        .prop_map(|characters| characters.into_iter().collect::<String>());
        let leaf =
            (name, text.clone(), proptest::option::of(text)).prop_map(|(name, text, attribute)| {
                let mut element = Element::new(&name).unwrap().with_text(text);
                if let Some(value) = attribute {
                    element.set_attribute("t", value).unwrap();
                }
                element
            });
        leaf.prop_recursive(4, 40, 6, move |inner| {
            (name, proptest::collection::vec(inner, 1..6)).prop_map(|(name, children)| {
                children
                    .into_iter()
                    .fold(Element::new(&name).unwrap(), Element::with)
            })
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(element in element()) {
            prop_assert_eq!(read_text(&element.to_string()).unwrap(), element);
        }

        #[test]
        fn a_mutated_document_never_panics(element in element(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut bytes = element.to_string().into_bytes();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let _ = read(&bytes);
            bytes.truncate(at);
            let _ = read(&bytes);
        }
    }
}
