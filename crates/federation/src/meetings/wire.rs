//! What nodes say to each other about meetings (`specs/meetings.md`): asks and answers, calls to
//! servers, loads. It travels as one kind of message, so that releases without meetings leave it alone.

use bytes::Bytes;
use domain::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    id::{MemberId, ServerId, TenantId, Timestamp},
    record::{FEATURES_MAX, Room},
};
use routing::{
    ask::{Answer, Ask, REPLY_REPORTS_MAX, Reply},
    candidate::{Feature, Health, REPORT_ADMITTED_MAX, Report},
    capacity::Load,
    request::{AskId, MeetingId, RequestId},
};

use super::{
    call::{
        BODY_BYTES_MAX, Body, Call, CallFault, MEDIA_TYPE_BYTES_MAX, Method, QUERY_BYTES_MAX, Terms,
    },
    holds::{Hold, Refusal},
    notice::{Notice, NoticeKind, TOKEN_BYTES_MAX},
};

/// The most bytes of one part of an answer.
pub const PART_BYTES_MAX: usize = 512 * 1024;
/// The most servers whose loads one message tells.
pub const LOADS_MAX: usize = 256;

/// A message about meetings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// A home asks an owner for a place, with what is to be created.
    Ask {
        /// The room.
        room: Room,
        /// The ask.
        ask: Ask,
        /// The call that creates the meeting.
        call: Call,
    },
    /// The owner's answer.
    Answer(Reply),
    /// The meeting exists.
    Created {
        /// For which ask.
        ask: AskId,
        /// Where.
        server: ServerId,
        /// What the server said.
        answer: Vec<u8>,
    },
    /// No meeting was created.
    NotCreated {
        /// For which ask.
        ask: AskId,
        /// What the server said instead, which is the caller's to read, or why it said nothing.
        why: Result<Vec<u8>, CallFault>,
    },
    /// The home wants an ask no more: what was created for it is ended.
    Cancel {
        /// Which ask.
        ask: AskId,
    },
    /// The home keeps the meeting that was created for an ask: without this its owner ends it.
    Keep {
        /// Which ask.
        ask: AskId,
    },
    /// A call to a server about a meeting, or about all of a tenant's.
    Call {
        /// Comes back with the answer.
        number: u64,
        /// The server; none: all of the receiver's.
        server: Option<ServerId>,
        /// Whose.
        tenant: TenantId,
        /// The room; none where the call is about all of a tenant's.
        room: Option<Room>,
        /// The call.
        call: Call,
    },
    /// A node of the home's member passes a front end's call on to the home.
    Forward {
        /// Comes back with the answer.
        number: u64,
        /// Whose.
        tenant: TenantId,
        /// The room; none where the call is about all of a tenant's.
        room: Option<Room>,
        /// Where a meeting that the call creates may go.
        terms: Option<Box<Terms>>,
        /// The call.
        call: Call,
    },
    /// A part of what a call or a forwarded call came to; an answer of several servers has a part of
    /// each.
    Part {
        /// Of which.
        number: u64,
        /// Whether it is the last one.
        last: bool,
        /// The server that said so.
        server: Option<ServerId>,
        /// What it said, or why there is nothing.
        result: Result<Vec<u8>, CallFault>,
    },
    /// How an owner's servers are, and what the sender's tenants have on servers.
    Loads {
        /// The sender's servers.
        reports: Vec<(ServerId, Report)>,
        /// By server, the load of the rooms that the sender is home of.
        floors: Vec<(ServerId, Load)>,
    },
    /// A meeting is no more on a server, its owner says.
    Gone {
        /// Whose.
        tenant: TenantId,
        /// The room.
        room: Room,
        /// The server.
        server: ServerId,
        /// The most people it had.
        peak: u32,
    },
    /// A server told its owner something that is for a tenant's front end.
    Notice(Notice),
    /// A home asks an owner to hold a server for a conference, or says again that it does.
    Hold(Hold),
    /// An owner holds a server: it was asked to, or the home is here again.
    Held(Hold),
    /// An owner does not hold a server.
    NotHeld {
        /// What it was asked for.
        hold: Hold,
        /// Why not.
        why: Refusal,
        /// The most people it would hold the server for; 0 if none.
        possible_users: u32,
    },
    /// A home gives up what an owner holds for a conference.
    GiveUp {
        /// Whose.
        tenant: TenantId,
        /// The room.
        room: Room,
    },
    /// A message that only a later release knows; it is left alone.
    Later {
        /// Its code.
        code: u64,
    },
}

fn write_load(encoder: &mut Encoder, load: &Load) {
    encoder
        .array(4)
        .uint(load.cpu_units_milli)
        .uint(load.net_out_kbit_s)
        .uint(load.users)
        .uint(load.rooms);
}

fn read_load(decoder: &mut Decoder<'_>) -> Result<Load, DecodeError> {
    decoder.array(4)?;
    Ok(Load {
        cpu_units_milli: decoder.uint()?,
        net_out_kbit_s: decoder.uint()?,
        users: decoder.uint()?,
        rooms: decoder.uint()?,
    })
}

fn write_ask_id(encoder: &mut Encoder, ask: &AskId) {
    encoder
        .array(2)
        .bytes(&ask.request.0)
        .uint(u64::from(ask.attempt));
}

fn read_ask_id(decoder: &mut Decoder<'_>) -> Result<AskId, DecodeError> {
    decoder.array(2)?;
    Ok(AskId {
        request: RequestId(decoder.bytes_of("request")?),
        attempt: small(decoder, "attempt")?,
    })
}

pub(super) fn small(decoder: &mut Decoder<'_>, field: &'static str) -> Result<u32, DecodeError> {
    let value = decoder.uint_to(field, u64::from(u32::MAX))?;
    u32::try_from(value).map_err(|_| DecodeError::Invalid(field))
}

pub(super) fn write_features<'a>(
    encoder: &mut Encoder,
    features: impl ExactSizeIterator<Item = &'a Feature>,
) {
    encoder.array(features.len());
    for feature in features {
        encoder.text(feature.as_str());
    }
}

pub(super) fn read_feature(decoder: &mut Decoder<'_>) -> Result<Feature, DecodeError> {
    let word = decoder.text("feature", domain::record::FEATURE_BYTES_MAX)?;
    word.parse().map_err(|_| DecodeError::Invalid("feature"))
}

fn write_ask(encoder: &mut Encoder, ask: &Ask) {
    encoder.array(12);
    write_ask_id(encoder, &ask.id);
    encoder
        .bytes(&ask.meeting.0)
        .value(&ask.tenant)
        .value(&ask.member)
        .value(&ask.server);
    write_features(encoder, ask.features.iter());
    encoder.uint(u64::from(ask.test)).uint(u64::from(ask.users));
    write_load(encoder, &ask.prediction);
    match ask.ceiling_ppm {
        Some(ceiling_ppm) => encoder.uint(ceiling_ppm),
        None => encoder.null(),
    };
    encoder.uint(ask.start_within_ms).uint(ask.finish_within_ms);
}

fn read_ask(decoder: &mut Decoder<'_>) -> Result<Ask, DecodeError> {
    decoder.array(12)?;
    let id = read_ask_id(decoder)?;
    let meeting = MeetingId(decoder.bytes_of("meeting")?);
    let tenant: TenantId = decoder.value()?;
    let member: MemberId = decoder.value()?;
    let server: ServerId = decoder.value()?;
    let count = decoder.array_to("features", FEATURES_MAX)?;
    let features = (0..count)
        .map(|_| read_feature(decoder))
        .collect::<Result<_, _>>()?;
    Ok(Ask {
        id,
        meeting,
        tenant,
        member,
        server,
        features,
        test: decoder.uint_to("test", 1)? == 1,
        users: small(decoder, "users")?,
        prediction: read_load(decoder)?,
        ceiling_ppm: optional_uint(decoder)?,
        start_within_ms: decoder.uint()?,
        finish_within_ms: decoder.uint()?,
    })
}

fn optional_uint(decoder: &mut Decoder<'_>) -> Result<Option<u64>, DecodeError> {
    struct Uint(u64);
    impl Decode for Uint {
        fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
            decoder.uint().map(Self)
        }
    }
    Ok(decoder.optional::<Uint>()?.map(|value| value.0))
}

/// An answer as its code and two figures.
fn figures(answer: &Answer) -> (u64, u64, u64) {
    match answer {
        Answer::Acknowledged { time, .. } => (0, time.0, 0),
        Answer::Busier {
            score_ppm,
            ceiling_ppm,
        } => (1, *score_ppm, *ceiling_ppm),
        Answer::Full {
            score_ppm,
            limit_ppm,
        } => (2, *score_ppm, *limit_ppm),
        Answer::Closed => (3, 0, 0),
        Answer::Late { age_ms, limit_ms } => (4, *age_ms, *limit_ms),
        Answer::Cancelled => (5, 0, 0),
        Answer::TooMany { asks, limit } => (6, *asks as u64, *limit as u64),
    }
}

fn write_answer(encoder: &mut Encoder, answer: &Answer) {
    let (code, first, second) = figures(answer);
    let server = match answer {
        Answer::Acknowledged { server, .. } => Some(server),
        _ => None,
    };
    encoder
        .array(4)
        .uint(code)
        .optional(server)
        .uint(first)
        .uint(second);
}

fn read_answer(decoder: &mut Decoder<'_>) -> Result<Answer, DecodeError> {
    decoder.array(4)?;
    let code = decoder.uint_to("answer", 6)?;
    let server: Option<ServerId> = decoder.optional()?;
    let (first, second) = (decoder.uint()?, decoder.uint()?);
    let count = |figure: u64| usize::try_from(figure).map_err(|_| DecodeError::Invalid("a count"));
    Ok(match (code, server) {
        (0, Some(server)) => Answer::Acknowledged {
            server,
            time: Timestamp(first),
        },
        (1, None) => Answer::Busier {
            score_ppm: first,
            ceiling_ppm: second,
        },
        (2, None) => Answer::Full {
            score_ppm: first,
            limit_ppm: second,
        },
        (3, None) => Answer::Closed,
        (4, None) => Answer::Late {
            age_ms: first,
            limit_ms: second,
        },
        (5, None) => Answer::Cancelled,
        (6, None) => Answer::TooMany {
            asks: count(first)?,
            limit: count(second)?,
        },
        _ => return Err(DecodeError::Invalid("an answer names the server it is of")),
    })
}

fn write_reports(encoder: &mut Encoder, reports: &[(ServerId, Report)]) {
    encoder.array(reports.len());
    for (server, report) in reports {
        encoder.array(6).value(server);
        write_load(encoder, &report.load);
        write_load(encoder, &report.others);
        encoder
            .uint(match report.health {
                Health::Up => 0,
                Health::Unstable => 1,
                Health::Down => 2,
            })
            .value(&report.time)
            .array(report.admitted.len());
        for ask in &report.admitted {
            write_ask_id(encoder, ask);
        }
    }
}

fn read_reports(
    decoder: &mut Decoder<'_>,
    most: usize,
) -> Result<Vec<(ServerId, Report)>, DecodeError> {
    let count = decoder.array_to("reports", most)?;
    (0..count)
        .map(|_| {
            decoder.array(6)?;
            let server = decoder.value()?;
            let (load, others) = (read_load(decoder)?, read_load(decoder)?);
            let health = match decoder.uint_to("health", 2)? {
                0 => Health::Up,
                1 => Health::Unstable,
                _ => Health::Down,
            };
            let time = decoder.value()?;
            let count = decoder.array_to("asks admitted", REPORT_ADMITTED_MAX)?;
            let admitted = (0..count)
                .map(|_| read_ask_id(decoder))
                .collect::<Result<_, _>>()?;
            let report = Report {
                load,
                others,
                health,
                time,
                admitted,
            };
            Ok((server, report))
        })
        .collect()
}

impl Encode for Call {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(3).uint(self.method as u64).text(&self.query);
        match &self.body {
            Some(body) => encoder.array(2).text(&body.media_type).bytes(&body.bytes),
            None => encoder.null(),
        };
    }
}

impl Decode for Body {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(2)?;
        Ok(Self {
            media_type: decoder.text("media type", MEDIA_TYPE_BYTES_MAX)?.to_owned(),
            bytes: Bytes::copy_from_slice(decoder.bytes("body of a call", BODY_BYTES_MAX)?),
        })
    }
}

impl Decode for Call {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(3)?;
        let code = decoder.uint_to("method", Method::ALL.len() as u64 - 1)?;
        let code = usize::try_from(code).map_err(|_| DecodeError::Invalid("method"))?;
        Ok(Self {
            method: Method::ALL[code],
            query: decoder.text("query", QUERY_BYTES_MAX)?.to_owned(),
            body: decoder.optional()?,
        })
    }
}

impl Encode for Said {
    fn encode(&self, encoder: &mut Encoder) {
        match self {
            Self::Ask { room, ask, call } => {
                encoder.array(4).uint(1).value(room);
                write_ask(encoder, ask);
                encoder.value(call);
            }
            Self::Answer(reply) => {
                encoder.array(5).uint(2);
                write_ask_id(encoder, &reply.ask);
                write_answer(encoder, &reply.answer);
                encoder.uint(u64::from(reply.contended));
                write_reports(encoder, &reply.reports);
            }
            Self::Created {
                ask,
                server,
                answer,
            } => {
                encoder.array(4).uint(3);
                write_ask_id(encoder, ask);
                encoder.value(server).bytes(answer);
            }
            Self::NotCreated { ask, why } => {
                encoder.array(3).uint(4);
                write_ask_id(encoder, ask);
                write_result(encoder, why);
            }
            Self::Cancel { ask } => {
                encoder.array(2).uint(5);
                write_ask_id(encoder, ask);
            }
            Self::Keep { ask } => {
                encoder.array(2).uint(6);
                write_ask_id(encoder, ask);
            }
            Self::Call {
                number,
                server,
                tenant,
                room,
                call,
            } => {
                encoder
                    .array(6)
                    .uint(7)
                    .uint(*number)
                    .optional(server.as_ref())
                    .value(tenant)
                    .optional(room.as_ref())
                    .value(call);
            }
            Self::Forward {
                number,
                tenant,
                room,
                terms,
                call,
            } => {
                encoder
                    .array(6)
                    .uint(8)
                    .uint(*number)
                    .value(tenant)
                    .optional(room.as_ref())
                    .optional(terms.as_deref())
                    .value(call);
            }
            Self::Part {
                number,
                last,
                server,
                result,
            } => {
                encoder
                    .array(5)
                    .uint(9)
                    .uint(*number)
                    .uint(u64::from(*last))
                    .optional(server.as_ref());
                write_result(encoder, result);
            }
            Self::Loads { reports, floors } => {
                encoder.array(3).uint(10);
                write_reports(encoder, reports);
                encoder.array(floors.len());
                for (server, load) in floors {
                    encoder.array(2).value(server);
                    write_load(encoder, load);
                }
            }
            Self::Gone {
                tenant,
                room,
                server,
                peak,
            } => {
                encoder
                    .array(5)
                    .uint(11)
                    .value(tenant)
                    .value(room)
                    .value(server)
                    .uint(u64::from(*peak));
            }
            Self::Notice(notice) => {
                encoder
                    .array(5)
                    .uint(12)
                    .value(&notice.tenant)
                    .uint(notice.kind as u64)
                    .text(&notice.token)
                    .bytes(&notice.payload);
            }
            Self::Hold(hold) => {
                encoder.array(2).uint(13).value(hold);
            }
            Self::Held(hold) => {
                encoder.array(2).uint(14).value(hold);
            }
            Self::NotHeld {
                hold,
                why,
                possible_users,
            } => {
                encoder
                    .array(4)
                    .uint(15)
                    .value(hold)
                    .value(why)
                    .uint(u64::from(*possible_users));
            }
            Self::GiveUp { tenant, room } => {
                encoder.array(3).uint(16).value(tenant).value(room);
            }
            Self::Later { code } => {
                encoder.array(1).uint(*code);
            }
        }
    }
}

/// The highest code, and the most fields, of what later releases say.
const LATER_CODE_MAX: u64 = 255;
const LATER_FIELDS_MAX: usize = 16;
/// How many fields each has, by code from 1.
const LENGTHS: [usize; 16] = [4, 5, 4, 3, 2, 2, 6, 6, 5, 3, 5, 5, 2, 2, 4, 3];

impl Decode for Said {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let length = decoder.array_to("meetings", LATER_FIELDS_MAX)?;
        let code = decoder.uint_to("meetings", LATER_CODE_MAX)?;
        if code > LENGTHS.len() as u64 {
            decoder.skip_rest();
            return Ok(Self::Later { code });
        }
        if code == 0 || length != LENGTHS[code as usize - 1] {
            return Err(DecodeError::Invalid(
                "what is said of meetings has another length",
            ));
        }
        Ok(match code {
            1 => Self::Ask {
                room: decoder.value()?,
                ask: read_ask(decoder)?,
                call: decoder.value()?,
            },
            2 => Self::Answer(Reply {
                ask: read_ask_id(decoder)?,
                answer: read_answer(decoder)?,
                contended: decoder.uint_to("contended", 1)? == 1,
                reports: read_reports(decoder, REPLY_REPORTS_MAX)?,
            }),
            3 => Self::Created {
                ask: read_ask_id(decoder)?,
                server: decoder.value()?,
                answer: decoder.bytes("answer", PART_BYTES_MAX)?.to_vec(),
            },
            4 => Self::NotCreated {
                ask: read_ask_id(decoder)?,
                why: read_result(decoder)?,
            },
            5 => Self::Cancel {
                ask: read_ask_id(decoder)?,
            },
            6 => Self::Keep {
                ask: read_ask_id(decoder)?,
            },
            7 => Self::Call {
                number: decoder.uint()?,
                server: decoder.optional()?,
                tenant: decoder.value()?,
                room: decoder.optional()?,
                call: decoder.value()?,
            },
            8 => Self::Forward {
                number: decoder.uint()?,
                tenant: decoder.value()?,
                room: decoder.optional()?,
                terms: decoder.optional()?.map(Box::new),
                call: decoder.value()?,
            },
            9 => Self::Part {
                number: decoder.uint()?,
                last: decoder.uint_to("last", 1)? == 1,
                server: decoder.optional()?,
                result: read_result(decoder)?,
            },
            10 => Self::Loads {
                reports: read_reports(decoder, LOADS_MAX)?,
                floors: read_floors(decoder)?,
            },
            12 => Self::Notice(Notice {
                tenant: decoder.value()?,
                kind: match decoder.uint_to("kind of a notice", 1)? {
                    0 => NoticeKind::RecordingReady,
                    _ => NoticeKind::Analytics,
                },
                token: decoder.text("token", TOKEN_BYTES_MAX)?.to_owned(),
                payload: decoder.bytes("notice", PART_BYTES_MAX)?.to_vec(),
            }),
            13 => Self::Hold(decoder.value()?),
            14 => Self::Held(decoder.value()?),
            15 => Self::NotHeld {
                hold: decoder.value()?,
                why: decoder.value()?,
                possible_users: small(decoder, "possible users")?,
            },
            16 => Self::GiveUp {
                tenant: decoder.value()?,
                room: decoder.value()?,
            },
            _ => Self::Gone {
                tenant: decoder.value()?,
                room: decoder.value()?,
                server: decoder.value()?,
                peak: small(decoder, "peak")?,
            },
        })
    }
}

fn write_result(encoder: &mut Encoder, result: &Result<Vec<u8>, CallFault>) {
    match result {
        Ok(bytes) => encoder.bytes(bytes),
        Err(fault) => encoder.value(fault),
    };
}

/// The bytes of an answer, or a fault, which is an array.
fn read_result(decoder: &mut Decoder<'_>) -> Result<Result<Vec<u8>, CallFault>, DecodeError> {
    let mut ahead = decoder.clone();
    if let Ok(bytes) = ahead.bytes("part of an answer", PART_BYTES_MAX) {
        let bytes = bytes.to_vec();
        *decoder = ahead;
        return Ok(Ok(bytes));
    }
    decoder.value().map(Err)
}

fn read_floors(decoder: &mut Decoder<'_>) -> Result<Vec<(ServerId, Load)>, DecodeError> {
    let count = decoder.array_to("floors", LOADS_MAX)?;
    (0..count)
        .map(|_| {
            decoder.array(2)?;
            Ok((decoder.value()?, read_load(decoder)?))
        })
        .collect()
}
