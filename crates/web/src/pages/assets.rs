//! The files that pages refer to, compiled in. Served under `/assets/`.

/// A file: its path, its media type and its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asset {
    /// Where pages expect it.
    pub path: &'static str,
    /// Its media type.
    pub media_type: &'static str,
    /// Its content.
    pub content: &'static str,
}

/// Every file.
pub const ASSETS: [Asset; 7] = [
    Asset {
        path: "/assets/style.css",
        media_type: "text/css; charset=utf-8",
        content: include_str!("../../assets/style.css"),
    },
    Asset {
        path: "/assets/live.js",
        media_type: "text/javascript; charset=utf-8",
        content: include_str!("../../assets/live.js"),
    },
    Asset {
        path: "/assets/editor.js",
        media_type: "text/javascript; charset=utf-8",
        content: include_str!("../../assets/editor.js"),
    },
    Asset {
        path: "/assets/room.js",
        media_type: "text/javascript; charset=utf-8",
        content: include_str!("../../assets/room.js"),
    },
    Asset {
        path: "/assets/copy.js",
        media_type: "text/javascript; charset=utf-8",
        content: include_str!("../../assets/copy.js"),
    },
    Asset {
        path: "/assets/icons.svg",
        media_type: "image/svg+xml",
        content: include_str!("../../assets/icons.svg"),
    },
    Asset {
        path: "/assets/mark.svg",
        media_type: "image/svg+xml",
        content: include_str!("../../assets/mark.svg"),
    },
];
