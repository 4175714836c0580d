//! Hardened reading of a document into elements.

use std::borrow::Cow;

use quick_xml::{
    XmlVersion,
    escape::resolve_predefined_entity,
    events::{BytesRef, BytesStart, Event},
    reader::Reader,
};

use super::{
    Element, MAX_ATTRIBUTES, MAX_BYTES, MAX_DEPTH, MAX_PARTS, Node, is_character, is_name,
    names::kept,
};
use crate::error::Error;

/// The elements that are open, and what was read so far.
struct Document {
    open: Vec<Element>,
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
    reader.config_mut().check_end_names = true;
    let mut state = Document {
        open: Vec::new(),
        root: None,
        parts: 0,
    };
    loop {
        match reader.read_event().map_err(Error::XmlBroken)? {
            Event::Start(start) => state.start(&start)?,
            Event::Empty(start) => {
                state.start(&start)?;
                state.end()?;
            }
            Event::End(_) => state.end()?,
            Event::Text(text) => state.text(&text.xml10_content().map_err(broken)?)?,
            Event::CData(text) => state.text(&text.xml10_content().map_err(broken)?)?,
            Event::GeneralRef(reference) => state.text(&resolved(&reference)?)?,
            Event::DocType(_) => return Err(Error::XmlDocumentType),
            Event::Decl(_) | Event::Comment(_) | Event::PI(_) => state.count()?,
            Event::Eof => return state.finish(),
        }
    }
}

impl Document {
    fn count(&mut self) -> Result<(), Error> {
        self.parts += 1;
        if self.parts > MAX_PARTS {
            Err(Error::XmlTooManyParts { max: MAX_PARTS })
        } else {
            Ok(())
        }
    }

    fn start(&mut self, start: &BytesStart<'_>) -> Result<(), Error> {
        self.count()?;
        if self.open.len() == MAX_DEPTH {
            return Err(Error::XmlTooDeep { max: MAX_DEPTH });
        }
        if self.root.is_some() {
            return Err(Error::XmlIncomplete);
        }
        let mut element = Element::bare(element_name(start.name().as_ref())?);
        // Without its own check for repeated names, which takes time quadratic in their number.
        for attribute in start.attributes().with_checks(false) {
            self.count()?;
            let attribute = attribute.map_err(broken)?;
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_err(|_| Error::XmlEntity)?;
            if !value.chars().all(is_character) {
                return Err(Error::XmlEntity);
            }
            let name = name(attribute.key.as_ref())?;
            if element.attributes.len() == MAX_ATTRIBUTES || element.attribute(&name).is_some() {
                return Err(Error::XmlTooManyParts {
                    max: MAX_ATTRIBUTES,
                });
            }
            element.attributes.push((name, value.into_owned()));
        }
        self.open.push(element);
        Ok(())
    }

    fn end(&mut self) -> Result<(), Error> {
        let mut element = self.open.pop().ok_or(Error::XmlIncomplete)?;
        tidy(&mut element);
        match self.open.last_mut() {
            Some(parent) => parent.content.push(Node::Element(element)),
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
        if !text.chars().all(is_character) {
            return Err(Error::XmlEntity);
        }
        if let Some(Node::Text(before)) = parent.content.last_mut() {
            before.push_str(text);
            return Ok(());
        }
        parent.content.push(Node::Text(text.to_owned()));
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

fn element_name(raw: &[u8]) -> Result<Cow<'static, str>, Error> {
    let kept = std::str::from_utf8(raw).ok().and_then(kept);
    kept.map_or_else(|| name(raw).map(Cow::Owned), |kept| Ok(Cow::Borrowed(kept)))
}

fn name(raw: &[u8]) -> Result<String, Error> {
    let text = std::str::from_utf8(raw).map_err(|_| Error::XmlName { bytes: raw.len() })?;
    if is_name(text) {
        Ok(text.to_owned())
    } else {
        Err(Error::XmlName { bytes: raw.len() })
    }
}

/// The text a reference stands for: a character by number, or one of the five.
fn resolved(reference: &BytesRef<'_>) -> Result<Cow<'static, str>, Error> {
    if let Some(character) = reference.resolve_char_ref().map_err(|_| Error::XmlEntity)? {
        return Ok(Cow::Owned(character.to_string()));
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
            "<a>&#0;</a>",
            "<a>&#x1b;</a>",
            "<a>&#xD800;</a>",
        ] {
            assert!(matches!(read_text(text), Err(Error::XmlEntity)), "{text}");
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
            "", "   ", "hello", "<a>", "<a></b>", "</a>", "<a/><b/>", "<a/>x", "<a b=c/>", "<a",
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
