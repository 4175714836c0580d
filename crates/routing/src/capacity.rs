//! What a server can carry and what a meeting takes of it: vectors, never one number (placement §2).
//!
//! A unit of processing is one camera stream of 320 × 240 forwarded to one viewer. All constants of
//! the model are here, so that fitting it to real servers changes one file.

use crate::WHOLE_PPM;

/// Units of processing that one core gives, before [`CPU_USABLE_PPM`].
pub const CPU_UNITS_PER_CORE: u64 = 95;
/// The part of a processor that may be planned with: audio suffers above.
pub const CPU_USABLE_PPM: u64 = 800_000;
/// Users on eight cores.
pub const USERS_PER_8_CORES: u64 = 200;
/// Users of one server, however many cores: single threads set this limit.
pub const SERVER_USERS_MAX: u64 = 400;
/// Users of one meeting, unless a server's owner has measured more.
pub const ROOM_USERS_GUARD: u64 = 200;
/// Meetings on one core.
pub const ROOMS_PER_CORE: u64 = 5;
/// Cameras that a viewer sees at one time.
pub const CAMERAS_SHOWN: u64 = 5;
/// More of anything than one meeting can have: measurements beyond are cut off here.
pub const PEOPLE_MAX: u32 = 100_000;

const CAMERA_STREAM_MILLI: u64 = 1_000;
const SCREEN_STREAM_MILLI: u64 = 2_500;
const MICROPHONE_MILLI: u64 = 1_000;
const LISTENER_MILLI: u64 = 300;
const USER_MILLI: u64 = 500;
const ROOM_MILLI: u64 = 5_000;
const CAMERA_KBIT_S: u64 = 400;
const SCREEN_KBIT_S: u64 = 1_000;
const AUDIO_KBIT_S: u64 = 60;
/// How often a meeting that has not begun shares a screen.
const SCREEN_EXPECTED_PPM: u32 = 500_000;
/// How often a meeting of two and more shares one, where the server does not tell.
const SCREEN_UNSEEN_PPM: u32 = 300_000;

/// What one server can carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// Processing, in thousandths of a unit, already without the part that must stay free.
    pub cpu_units_milli: u64,
    /// Outgoing traffic.
    pub net_out_kbit_s: u64,
    /// People in all meetings together.
    pub users: u64,
    /// Meetings.
    pub rooms: u64,
    /// People in one meeting.
    pub room_users: u64,
}

impl Capacity {
    /// The capacity that a server with so many cores and so much outgoing bandwidth has until it is
    /// measured.
    #[must_use]
    pub fn from_cores(cores: u32, net_out_mbit_s: u32) -> Self {
        let cores = u64::from(cores);
        Self {
            cpu_units_milli: cores * CPU_UNITS_PER_CORE * CPU_USABLE_PPM / 1_000,
            net_out_kbit_s: u64::from(net_out_mbit_s) * 1_000,
            users: (USERS_PER_8_CORES * cores / 8).min(SERVER_USERS_MAX),
            rooms: ROOMS_PER_CORE * cores,
            room_users: ROOM_USERS_GUARD,
        }
    }
}

/// What meetings take of a server. Sums saturate: what others report may be any number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Load {
    /// Processing, in thousandths of a unit.
    pub cpu_units_milli: u64,
    /// Outgoing traffic.
    pub net_out_kbit_s: u64,
    /// People.
    pub users: u64,
    /// Meetings.
    pub rooms: u64,
}

impl Load {
    /// No load.
    pub const ZERO: Self = Self {
        cpu_units_milli: 0,
        net_out_kbit_s: 0,
        users: 0,
        rooms: 0,
    };

    /// The load of one meeting in which so many people behave as people usually do.
    #[must_use]
    pub fn typical(users: u32) -> Self {
        Size::of(users).load()
    }

    /// The load of one meeting by what its server tells of it: people, those with a microphone, those
    /// who only listen, cameras, and whether a screen is shared (`None`: the server does not say).
    #[must_use]
    pub fn measured(
        users: u32,
        voices: u32,
        listeners: u32,
        cameras: u32,
        screen: Option<bool>,
    ) -> Self {
        let screen_ppm = match screen {
            Some(true) => WHOLE_PPM as u32,
            None if users >= 2 => SCREEN_UNSEEN_PPM,
            _ => 0,
        };
        let size = Size {
            users,
            cameras,
            screen_ppm,
        };
        size.load_with(voices, listeners)
    }

    fn zip(self, other: Self, with: impl Fn(u64, u64) -> u64) -> Self {
        Self {
            cpu_units_milli: with(self.cpu_units_milli, other.cpu_units_milli),
            net_out_kbit_s: with(self.net_out_kbit_s, other.net_out_kbit_s),
            users: with(self.users, other.users),
            rooms: with(self.rooms, other.rooms),
        }
    }

    /// Both together, component by component.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        self.zip(other, u64::saturating_add)
    }

    /// What is left without `other`, component by component; never below zero.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        self.zip(other, u64::saturating_sub)
    }

    /// The greater of both, component by component.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        self.zip(other, u64::max)
    }

    /// `part_ppm` of this load, component by component, rounded up.
    #[must_use]
    pub fn part(self, part_ppm: u64) -> Self {
        self.zip(Self::ZERO, |whole, _| scale_up(whole, part_ppm, WHOLE_PPM))
    }

    /// How full this load makes a server: the fullest of its components, rounded up. A component with
    /// a load and no capacity makes it `u64::MAX`.
    #[must_use]
    pub fn utilisation_ppm(self, capacity: &Capacity) -> u64 {
        let part = |load: u64, capacity: u64| match (load, capacity) {
            (0, _) => 0,
            (_, 0) => u64::MAX,
            _ => scale_up(load, WHOLE_PPM, capacity),
        };
        part(self.cpu_units_milli, capacity.cpu_units_milli)
            .max(part(self.net_out_kbit_s, capacity.net_out_kbit_s))
            .max(part(self.users, capacity.users))
            .max(part(self.rooms, capacity.rooms))
    }
}

/// `value` × `numerator` / `denominator`, rounded up, saturating; `denominator` is not zero.
pub(crate) fn scale_up(value: u64, numerator: u64, denominator: u64) -> u64 {
    match value.checked_mul(numerator) {
        Some(product) => product.div_ceil(denominator),
        None => {
            let product = u128::from(value) * u128::from(numerator);
            u64::try_from(product.div_ceil(u128::from(denominator))).unwrap_or(u64::MAX)
        }
    }
}

/// How large a meeting is or will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// People.
    pub users: u32,
    /// Cameras that are on.
    pub cameras: u32,
    /// How likely a screen is shared.
    pub screen_ppm: u32,
}

impl Size {
    /// So many people as they usually behave: six in ten have a camera on below fifteen people, three
    /// in ten below seventy, four people in larger meetings (step 1).
    #[must_use]
    pub fn of(users: u32) -> Self {
        let users = users.min(PEOPLE_MAX);
        let cameras = match users {
            0..15 => (users * 6 + 5) / 10,
            15..70 => (users * 3 + 5) / 10,
            _ => 4,
        };
        Self {
            users,
            cameras,
            screen_ppm: SCREEN_EXPECTED_PPM,
        }
    }

    /// What it takes. Of the people twice as many as there are cameras have an open microphone, the
    /// rest only listen.
    #[must_use]
    pub fn load(self) -> Load {
        let voices = self.cameras.saturating_mul(2).min(self.users);
        self.load_with(voices, self.users - voices)
    }

    fn load_with(self, voices: u32, listeners: u32) -> Load {
        let bounded = |count: u32| u64::from(count.min(PEOPLE_MAX));
        let (users, cameras) = (bounded(self.users), bounded(self.cameras));
        let (voices, listeners) = (bounded(voices), bounded(listeners));
        let own = cameras.min(users);
        let streams_out = own * cameras.saturating_sub(1).min(CAMERAS_SHOWN)
            + (users - own) * cameras.min(CAMERAS_SHOWN);
        let screen_ppm = u64::from(self.screen_ppm).min(WHOLE_PPM);
        // In and out: the screen arrives once and goes to everyone.
        let screen =
            |per_stream: u64, streams: u64| (per_stream * streams * screen_ppm).div_ceil(WHOLE_PPM);
        Load {
            cpu_units_milli: CAMERA_STREAM_MILLI * (cameras + streams_out)
                + screen(SCREEN_STREAM_MILLI, 1 + users)
                + MICROPHONE_MILLI * voices
                + LISTENER_MILLI * listeners
                + USER_MILLI * users
                + ROOM_MILLI,
            net_out_kbit_s: CAMERA_KBIT_S * streams_out
                + screen(SCREEN_KBIT_S, users)
                + AUDIO_KBIT_S * (voices + listeners),
            users,
            rooms: 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_cores_have_the_capacity_of_the_model() {
        let capacity = Capacity {
            cpu_units_milli: 608_000,
            net_out_kbit_s: 1_000_000,
            users: 200,
            rooms: 40,
            room_users: 200,
        };
        assert_eq!(Capacity::from_cores(8, 1_000), capacity);
        assert_eq!(Capacity::from_cores(32, 1_000).users, SERVER_USERS_MAX);
        // The largest values must not overflow.
        let _ = Capacity::from_cores(u32::MAX, u32::MAX);
    }

    #[test]
    fn twenty_cameras_are_streamed_to_everyone_but_their_owner_up_to_a_page() {
        let load = Load::measured(20, 20, 0, 20, Some(false));
        // 20 in and 20 × 5 out; 20 microphones; 20 people; the meeting itself.
        assert_eq!(load.cpu_units_milli, 120_000 + 20_000 + 10_000 + 5_000);
        assert_eq!(load.net_out_kbit_s, 400 * 100 + 60 * 20);
        assert_eq!((load.users, load.rooms), (20, 1));
        // Three cameras of four people: each owner sees two, the fourth sees three.
        let small = Load::measured(4, 0, 0, 3, Some(false));
        assert_eq!(small.net_out_kbit_s, 400 * (3 * 2 + 3));
    }

    #[test]
    fn a_screen_that_the_server_does_not_tell_of_is_assumed_by_chance() {
        let none = Load::measured(10, 0, 0, 0, Some(false));
        let some = Load::measured(10, 0, 0, 0, Some(true));
        let unseen = Load::measured(10, 0, 0, 0, None);
        assert_eq!(some.net_out_kbit_s - none.net_out_kbit_s, 10_000);
        assert_eq!(unseen.net_out_kbit_s - none.net_out_kbit_s, 3_000);
        let alone = Load::measured(1, 0, 0, 0, None);
        assert_eq!(alone, Load::measured(1, 0, 0, 0, Some(false)));
    }

    #[test]
    fn cameras_follow_the_number_of_people() {
        let cameras = [
            (0, 0),
            (3, 2),
            (12, 7),
            (14, 8),
            (15, 5),
            (60, 18),
            (70, 4),
            (300, 4),
        ];
        for (users, expected) in cameras {
            assert_eq!(Size::of(users).cameras, expected, "{users} people");
        }
    }

    #[test]
    fn the_fullest_component_counts_and_parts_are_rounded_up() {
        let capacity = Capacity::from_cores(8, 1_000);
        let load = Load {
            cpu_units_milli: 1,
            users: 100,
            ..Load::ZERO
        };
        assert_eq!(load.utilisation_ppm(&capacity), 500_000);
        let tiny = Load {
            cpu_units_milli: 1,
            ..Load::ZERO
        };
        assert_eq!(tiny.utilisation_ppm(&capacity), 2, "one of 608,000");
        assert_eq!(tiny.part(1).cpu_units_milli, 1);
        assert_eq!(Load::ZERO.utilisation_ppm(&Capacity::from_cores(0, 0)), 0);
        assert_eq!(tiny.utilisation_ppm(&Capacity::from_cores(0, 0)), u64::MAX);
    }

    #[test]
    fn no_measurement_overflows() {
        let worst = Load::measured(u32::MAX, u32::MAX, u32::MAX, u32::MAX, Some(true));
        assert_eq!(worst.users, u64::from(PEOPLE_MAX));
        let full = Load {
            cpu_units_milli: u64::MAX,
            net_out_kbit_s: u64::MAX,
            users: u64::MAX,
            rooms: u64::MAX,
        };
        assert_eq!(full.plus(worst), full);
        assert_eq!(full.part(2 * WHOLE_PPM), full);
        assert_eq!(worst.minus(full), Load::ZERO);
        assert_eq!(Load::typical(u32::MAX), Load::typical(PEOPLE_MAX));
    }
}
