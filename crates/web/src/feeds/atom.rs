//! How news are written (Atom, RFC 4287).

use domain::id::{Hash, Timestamp};

use crate::pages::time::utc_text;

/// A feed.
#[derive(Debug)]
pub(crate) struct Feed {
    pub id: String,
    pub title: String,
    pub subtitle: String,
    pub language: &'static str,
    pub updated: Timestamp,
    /// The feed itself.
    pub address: String,
    /// The page that shows the same.
    pub page: String,
    pub entries: Vec<Entry>,
}

/// One piece of news.
#[derive(Debug)]
pub(crate) struct Entry {
    pub id: String,
    pub title: String,
    pub published: Timestamp,
    pub updated: Timestamp,
    pub author: String,
    pub page: String,
    /// A word for programs that sort.
    pub category: &'static str,
    pub summary: String,
}

/// An id that follows from some bytes, for ever (UUID of version 8, RFC 9562).
pub(crate) fn id(parts: &[&[u8]]) -> String {
    let all: Vec<&[u8]> = std::iter::once(&b"folkmoot/atom/1\0"[..])
        .chain(parts.iter().copied())
        .collect();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&Hash::of(&all).0[..16]);
    bytes[6] = 0x80 | bytes[6] & 0x0f;
    bytes[8] = 0x80 | bytes[8] & 0x3f;
    let hex = hex::encode(bytes);
    format!(
        "urn:uuid:{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    )
}

impl Feed {
    /// The feed as it is sent.
    pub(crate) fn write(&self) -> String {
        let mut xml = Xml("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n".to_owned());
        xml.0 += &format!(
            "<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"{}\">\n",
            escape(self.language)
        );
        xml.element("id", &self.id);
        xml.element("title", &self.title);
        xml.element("subtitle", &self.subtitle);
        xml.element("updated", &time(self.updated));
        xml.link("self", "application/atom+xml", &self.address);
        xml.link("alternate", "text/html", &self.page);
        xml.0 += "<generator>Folkmoot</generator>\n";
        for entry in &self.entries {
            entry.write(&mut xml);
        }
        xml.0 += "</feed>\n";
        xml.0
    }
}

impl Entry {
    fn write(&self, xml: &mut Xml) {
        xml.0 += "<entry>\n";
        xml.element("id", &self.id);
        xml.element("title", &self.title);
        xml.element("published", &time(self.published));
        xml.element("updated", &time(self.updated));
        xml.0 += &format!("<author><name>{}</name></author>\n", escape(&self.author));
        xml.link("alternate", "text/html", &self.page);
        xml.0 += &format!("<category term=\"{}\"/>\n", escape(self.category));
        xml.element("summary", &self.summary);
        xml.0 += "</entry>\n";
    }
}

struct Xml(String);

impl Xml {
    /// An element whose content is plain text, which is what Atom takes it for without a type.
    fn element(&mut self, name: &str, text: &str) {
        self.0 += &format!("<{name}>{}</{name}>\n", escape(text));
    }

    fn link(&mut self, relation: &str, media_type: &str, address: &str) {
        self.0 += &format!(
            "<link rel=\"{relation}\" type=\"{media_type}\" href=\"{}\"/>\n",
            escape(address)
        );
    }
}

fn time(at: Timestamp) -> String {
    utc_text(at, "%Y-%m-%dT%H:%M:%SZ")
}

/// A text without what XML cannot hold, and with what it would take for markup escaped.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\t' | '\n' => escaped.push(character),
            '\u{fffe}' | '\u{ffff}' => {}
            other if other.is_control() => {}
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sunday 22 November 2026, 13:00 UTC.
    const NOW: Timestamp = Timestamp(1_795_352_400_000);

    fn feed(title: &str) -> Feed {
        Feed {
            id: id(&[b"feed"]),
            title: title.to_owned(),
            subtitle: title.to_owned(),
            language: "en",
            updated: NOW,
            address: "https://moot.example.org/archive/feed.atom?a=1&b=2".to_owned(),
            page: "https://moot.example.org/archive".to_owned(),
            entries: vec![Entry {
                id: id(&[b"entry"]),
                title: title.to_owned(),
                published: NOW,
                updated: NOW.plus_seconds(60),
                author: title.to_owned(),
                page: "https://moot.example.org/archive/1".to_owned(),
                category: "proposal",
                summary: title.to_owned(),
            }],
        }
    }

    fn parse(feed: &Feed) -> atom_syndication::Feed {
        let text = feed.write();
        atom_syndication::Feed::read_from(text.as_bytes())
            .unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    #[test]
    fn a_feed_reader_finds_id_times_author_and_links() {
        let read = parse(&feed("Rent a hall"));
        assert_eq!(read.id(), id(&[b"feed"]));
        assert_eq!(read.updated().to_rfc3339(), "2026-11-22T13:00:00+00:00");
        let address = |relation: &str| {
            let link = read.links().iter().find(|link| link.rel() == relation);
            link.unwrap().href().to_owned()
        };
        assert_eq!(
            address("self"),
            "https://moot.example.org/archive/feed.atom?a=1&b=2"
        );
        assert_eq!(address("alternate"), "https://moot.example.org/archive");
        let entry = &read.entries()[0];
        assert_eq!(entry.updated().to_rfc3339(), "2026-11-22T13:01:00+00:00");
        assert_eq!(entry.authors()[0].name(), "Rent a hall");
        assert_eq!(entry.categories()[0].term(), "proposal");
    }

    #[test]
    fn a_title_with_html_stays_the_text_that_was_typed() {
        let title = "<script>alert(1)</script> & \"x\" ]]> 🐝";
        let read = parse(&feed(title));
        assert_eq!(read.title().as_str(), title);
        assert_eq!(read.entries()[0].title().as_str(), title);
        assert_eq!(read.entries()[0].summary().unwrap().as_str(), title);
    }

    #[test]
    fn what_xml_cannot_hold_is_left_out() {
        let read = parse(&feed("a\u{0}\u{1b}\u{ffff}b"));
        assert_eq!(read.title().as_str(), "ab");
    }

    #[test]
    fn an_id_is_a_uuid_that_follows_from_its_parts() {
        let one = id(&[b"one"]);
        assert_eq!(one.len(), "urn:uuid:".len() + 36);
        assert_eq!(&one["urn:uuid:".len() + 14..][..1], "8");
        assert_eq!(one, id(&[b"one"]));
        assert_ne!(one, id(&[b"two"]));
    }
}
