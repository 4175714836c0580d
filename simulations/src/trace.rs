//! The trace: one hash over everything that went into the cores and came out of them.

use domain::cbor::Encode;
use federation::{Input, Output, Write};
use sha2::{Digest, Sha256};

/// SHA-256 over (time, node, input, outputs), each in one encoding.
#[derive(Debug, Clone, Default)]
pub struct Trace {
    hasher: Sha256,
    pub inputs: u64,
}

impl Trace {
    fn number(&mut self, number: u64) -> &mut Self {
        self.hasher.update(number.to_be_bytes());
        self
    }

    fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.number(bytes.len() as u64);
        self.hasher.update(bytes);
        self
    }

    fn text(&mut self, value: &impl std::fmt::Debug) -> &mut Self {
        self.bytes(format!("{value:?}").as_bytes())
    }

    pub fn input(&mut self, time: u64, node: usize, input: &Input) {
        self.inputs += 1;
        self.number(time).number(node as u64);
        match input {
            Input::Start { clean, alone } => self
                .number(1)
                .number(u64::from(*clean) * 2 + u64::from(*alone)),
            Input::Connected(peer) => self.number(2).bytes(&peer.0),
            Input::Disconnected(peer) => self.number(3).bytes(&peer.0),
            Input::Message(peer, message) => {
                self.number(4).bytes(&peer.0).bytes(&message.to_bytes())
            }
            Input::Persisted(number) => self.number(5).number(*number),
            Input::Act {
                ticket,
                key,
                act,
                random,
            } => {
                let key = key.public();
                self.number(6).number(*ticket).bytes(&key.0).bytes(random);
                self.text(act)
            }
            Input::Introduce(entries) => {
                self.number(9).number(entries.len() as u64);
                for entry in entries {
                    self.bytes(&entry.to_bytes());
                }
                self
            }
            Input::Wake => self.number(10),
            other => self.number(11).text(other),
        };
    }

    pub fn outputs(&mut self, outputs: &[Output]) {
        self.number(outputs.len() as u64);
        for output in outputs {
            self.output(output);
        }
    }

    fn output(&mut self, output: &Output) {
        match output {
            Output::Persist { number, writes } => {
                self.number(1).number(*number);
                for write in writes {
                    self.write(write);
                }
            }
            Output::Send(peer, message) => {
                self.number(2).bytes(&peer.0).bytes(&message.to_bytes());
            }
            Output::SendEntries { to, number, ids } => {
                self.number(3).bytes(&to.0).number(*number);
                for id in ids {
                    self.bytes(&id.0);
                }
            }
            Output::SendChunks { to, hashes } => {
                self.number(4).bytes(&to.0);
                for hash in hashes {
                    self.bytes(&hash.0);
                }
            }
            Output::Answer { ticket, result } => {
                self.number(5).number(*ticket).text(result);
            }
            other => {
                self.number(6).text(other);
            }
        }
    }

    fn write(&mut self, write: &Write) {
        match write {
            Write::Entry {
                id,
                bytes,
                received,
            } => self.number(1).bytes(&id.0).bytes(bytes).number(received.0),
            Write::Remove { id } => self.number(2).bytes(&id.0),
            Write::Chunk { hash, bytes } => self.number(3).bytes(&hash.0).bytes(bytes),
            Write::Height { height, batch, .. } => self.number(4).number(*height).bytes(batch),
            Write::Journal { number, bytes } => self.number(5).number(*number).bytes(bytes),
            Write::Room {
                tenant,
                room,
                bytes,
            } => self.number(6).bytes(&tenant.0).bytes(&room.0).bytes(bytes),
        };
    }

    /// The hash so far.
    pub fn hash(&self) -> String {
        let digest = self.hasher.clone().finalize();
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
