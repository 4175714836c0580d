//! Node files: what a second node of a member is set up with, sealed under a code that travels another way.
//!
//! ```text
//! folkmoot node file, format 1
//! check 16 hexadecimal digits
//! 24 random bytes, then the XChaCha20-Poly1305 ciphertext of the contents
//! ```
//!
//! The check tells a wrong code from a damaged file. Both lines are authenticated with the contents.

mod code;
mod contents;

use std::{fs, io::Read, path::Path};

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use domain::cbor::{Decode, Encode};
use zeroize::Zeroizing;

pub use self::{code::Code, contents::Contents};
use crate::{
    clock,
    failure::{Failure, Outcome},
};

/// The first line.
const HEADER: &str = "folkmoot node file, format 1";
/// The longest first line and check: what is longer is no node file.
const HEAD_BYTES_MAX: usize = 64;
/// The largest file: thousands of rooms and front ends.
const FILE_BYTES_MAX: usize = 8 << 20;
const NONCE_BYTES: usize = 24;

/// Seals contents under a code.
///
/// # Errors
/// When they are too large, or the system gives no random bytes.
pub fn seal(contents: &Contents, code: &Code) -> Outcome<Vec<u8>> {
    let plain = Zeroizing::new(contents.to_bytes());
    let head = format!("{HEADER}\ncheck {}\n", hex::encode(code.check()));
    let nonce = clock::random::<NONCE_BYTES>()?;
    let payload = Payload {
        msg: &plain,
        aad: head.as_bytes(),
    };
    let sealed = cipher(code).encrypt(&XNonce::from(nonce), payload);
    let sealed = sealed.map_err(|_| Failure::refused("the contents cannot be sealed"))?;
    let file = [head.as_bytes(), &nonce, &sealed].concat();
    if file.len() > FILE_BYTES_MAX {
        return Err(Failure::refused(format!(
            "what this node keeps has {} bytes, and a node file has at most {FILE_BYTES_MAX}",
            file.len()
        ))
        .hint("end front ends that nobody uses: folkmoot tenant remove NAME"));
    }
    Ok(file)
}

/// Opens a file's bytes with a code.
///
/// # Errors
/// When they are no node file of this release, the code is another's, or the file is damaged.
pub fn open(bytes: &[u8], code: &Code) -> Outcome<Contents> {
    let (check, head, sealed) = parts(bytes)?;
    if check != hex::encode(code.check()) {
        return Err(Failure::refused("this is not the code of this file")
            .hint("copy the code that was printed when the file was made; each file has its own"));
    }
    let damaged = || {
        Failure::refused("the file is damaged: a part of it was changed or is missing")
            .hint("copy it again from where it was made, or make another")
    };
    let (nonce, sealed) = sealed
        .split_first_chunk::<NONCE_BYTES>()
        .ok_or_else(damaged)?;
    let payload = Payload {
        msg: sealed,
        aad: head,
    };
    let plain = cipher(code).decrypt(&XNonce::from(*nonce), payload);
    let plain = Zeroizing::new(plain.map_err(|_| damaged())?);
    Contents::from_bytes(&plain).map_err(|error| {
        Failure::refused("this release cannot read the file")
            .because(error)
            .hint("use the same release of folkmoot for both nodes")
    })
}

/// Reads a file; nothing is opened yet.
///
/// # Errors
/// When it cannot be read, is too large, or is no node file of this release.
pub fn read(path: &Path) -> Outcome<Vec<u8>> {
    let cannot = |error: std::io::Error| {
        Failure::configuration(format!("cannot read {}", path.display())).because(error)
    };
    let file = fs::File::open(path).map_err(cannot)?;
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(cannot)?;
    if bytes.len() > FILE_BYTES_MAX {
        return Err(Failure::configuration(format!(
            "{} is too large for a node file, which has at most {FILE_BYTES_MAX} bytes",
            path.display()
        ))
        .hint("name the file that folkmoot node add or folkmoot node pack wrote"));
    }
    parts(&bytes)?;
    Ok(bytes)
}

/// The check, the two lines that are authenticated, and what is sealed.
fn parts(bytes: &[u8]) -> Outcome<(&str, &[u8], &[u8])> {
    let bad = || {
        Failure::configuration("this is no node file of this release")
            .hint("name the file that folkmoot node add or folkmoot node pack wrote")
    };
    let start = bytes
        .get(..bytes.len().min(HEAD_BYTES_MAX))
        .ok_or_else(bad)?;
    let mut ends = start.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    let (_, end) = (ends.next(), ends.next());
    let length = end.map(|(at, _)| at + 1).ok_or_else(bad)?;
    let (head, sealed) = bytes.split_at_checked(length).ok_or_else(bad)?;
    let text = std::str::from_utf8(head).map_err(|_| bad())?;
    let mut lines = text.lines();
    if lines.next() != Some(HEADER) {
        return Err(bad());
    }
    let check = lines.next().and_then(|line| line.strip_prefix("check "));
    Ok((check.ok_or_else(bad)?, head, sealed))
}

fn cipher(code: &Code) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&(*code.key()).into())
}

#[cfg(test)]
mod tests;
