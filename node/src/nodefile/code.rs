//! The code that opens a node file: 160 random bits, in letters and digits that are not mistaken for each
//! other, so that it can be read out.

use std::fmt;

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::{clock::random, failure::Outcome};

const BYTES: usize = 20;
/// Five bits each; without i, l, o and u.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const CHARACTERS: usize = 32;
/// Characters between two hyphens.
const GROUP: usize = 4;
const CHECK_BYTES: usize = 8;

/// A code.
#[derive(Clone, PartialEq, Eq)]
pub struct Code(Zeroizing<[u8; BYTES]>);

/// Who has it opens the file: it is never printed by the way.
impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(…)")
    }
}

impl Code {
    /// A new code.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn new() -> Outcome<Self> {
        Ok(Self(Zeroizing::new(random()?)))
    }

    /// As it is printed, once.
    pub fn text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(CHARACTERS + CHARACTERS / GROUP));
        for at in 0..CHARACTERS {
            if at > 0 && at % GROUP == 0 {
                text.push('-');
            }
            let five = (0..5).fold(0, |five, bit| (five << 1) | self.bit(at * 5 + bit));
            text.push(char::from(ALPHABET[usize::from(five)]));
        }
        text
    }

    fn bit(&self, at: usize) -> u8 {
        (self.0[at / 8] >> (7 - at % 8)) & 1
    }

    /// Reads a code as somebody typed it: hyphens, spaces and the size of letters do not matter.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = Zeroizing::new([0; BYTES]);
        let mut count = 0;
        let typed = text
            .chars()
            .filter(|one| !one.is_whitespace() && *one != '-');
        for one in typed {
            let five = value(one)?;
            for bit in 0..5 {
                let at = count * 5 + bit;
                *bytes.get_mut(at / 8)? |= ((five >> (4 - bit)) & 1) << (7 - at % 8);
            }
            count += 1;
        }
        (count == CHARACTERS).then_some(Self(bytes))
    }

    /// The key of the file's contents.
    pub(super) fn key(&self) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        self.derive(b"folkmoot/node-file/1", &mut key[..]);
        key
    }

    /// What tells whether a code is that of a file, and nothing of the key.
    pub(super) fn check(&self) -> [u8; CHECK_BYTES] {
        let mut check = [0; CHECK_BYTES];
        self.derive(b"folkmoot/node-file-check/1", &mut check);
        check
    }

    fn derive(&self, label: &[u8], to: &mut [u8]) {
        Hkdf::<Sha256>::new(None, &self.0[..])
            .expand(label, to)
            .expect("32 bytes and fewer are less than HKDF's 8160");
    }
}

/// The five bits of a character; the letters that are left out are read as the digits they look like.
fn value(character: char) -> Option<u8> {
    let lower = match character.to_ascii_lowercase() {
        'o' => '0',
        'i' | 'l' => '1',
        other => other,
    };
    let place = ALPHABET.iter().position(|one| char::from(*one) == lower)?;
    u8::try_from(place).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_comes_back_however_it_is_typed() {
        for _ in 0..50 {
            let code = Code::new().unwrap();
            let text = code.text();
            assert_eq!(text.len(), 39);
            for typed in [
                text.to_string(),
                text.to_uppercase(),
                text.replace('-', " "),
                text.replace('-', ""),
                text.replace('0', "O").replace('1', "l"),
                format!(" {}\r\n", *text),
            ] {
                assert_eq!(Code::parse(&typed), Some(code.clone()), "{typed}");
            }
        }
        let code = Code(Zeroizing::new([0xff; BYTES]));
        assert_eq!(*code.text(), ["zzzz"; 8].join("-"));
    }

    #[test]
    fn what_is_no_code_is_none() {
        let text = Code::new().unwrap().text();
        for typed in ["", &text[1..], &format!("{}0", *text), "u", "é"] {
            assert_eq!(Code::parse(typed), None, "{typed}");
        }
        let wrong = text.replacen(|one: char| one != '-', "u", 1);
        assert_eq!(Code::parse(&wrong), None);
    }

    #[test]
    fn the_check_says_nothing_of_the_key_and_neither_is_printed() {
        let code = Code::new().unwrap();
        assert_ne!(code.key()[..CHECK_BYTES], code.check());
        assert_eq!(format!("{code:?}"), "Code(…)");
    }
}
