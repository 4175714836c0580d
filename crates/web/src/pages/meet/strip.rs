//! The strip of regions: a ring for each, as full as its servers. On phones the table stands alone.

use maud::{Markup, html};

use super::{Region, percent};
use crate::pages::frame::Frame;

/// Regions in one row of the strip.
const ROW: usize = 5;
const WIDTH: usize = 1_180;
const ROW_HEIGHT: usize = 176;
/// Three digits and a sign fit into it.
const RADIUS_MIN: u64 = 34;
const RADIUS_MAX: u64 = 44;
/// Places at which a ring is largest.
const PLACES_LARGEST: u64 = 1_000;

/// A ring's place and size, in units of the picture.
struct Ring<'a> {
    region: &'a Region,
    x: usize,
    y: usize,
    radius: u64,
}

impl Ring<'_> {
    /// The length of the full ring and of what is taken, in tenths.
    fn lengths(&self, part_ppm: u64) -> (String, String) {
        // Twice pi in millionths: lengths need no more than a tenth.
        let whole = self.radius * 6_283_185 / 100_000;
        let used = whole * part_ppm.min(1_000_000) / 1_000_000;
        let text = |tenths: u64| format!("{}.{}", tenths / 10, tenths % 10);
        (text(whole), text(used))
    }
}

fn radius(places: u64) -> u64 {
    let places = places.min(PLACES_LARGEST);
    // The area, not the radius, follows the places.
    let root = (places * 1_000_000 / PLACES_LARGEST).isqrt();
    RADIUS_MIN + (RADIUS_MAX - RADIUS_MIN) * root / 1_000
}

fn rings(regions: &[Region]) -> impl Iterator<Item = Ring<'_>> {
    let columns = regions.len().clamp(1, ROW);
    regions
        .iter()
        .enumerate()
        .map(move |(number, region)| Ring {
            region,
            x: WIDTH / columns * (number % ROW) + WIDTH / columns / 2,
            y: ROW_HEIGHT * (number / ROW) + 64,
            radius: radius(region.servers.iter().map(|server| server.places).sum()),
        })
}

/// The picture; all its figures are in the table below it.
pub(super) fn strip(frame: &Frame, regions: &[Region]) -> Markup {
    let say = frame.language;
    let height = ROW_HEIGHT * regions.len().div_ceil(ROW);
    html! {
        svg.strip viewBox={ "0 0 " (WIDTH) " " (height) } role="img"
            aria-labelledby="strip-title strip-desc" {
            title id="strip-title" { (say.meet_strip_title()) }
            desc id="strip-desc" { (say.meet_strip_desc()) }
            @for ring in rings(regions) { (one(frame, &ring)) }
        }
    }
}

fn one(frame: &Frame, ring: &Ring<'_>) -> Markup {
    let say = frame.language;
    let region = ring.region;
    let servers = say.meet_servers_count(region.servers.len() as u64);
    let full = region.utilisation_ppm();
    let words = match full {
        Some(_) => say.meet_strip_places(servers, region.taken(), region.places()),
        None => say.meet_strip_silent(servers),
    };
    html! {
        @match full {
            Some(full) => {
                @let (whole, used) = ring.lengths(full);
                circle.ring cx=(ring.x) cy=(ring.y) r=(ring.radius) {}
                circle.used cx=(ring.x) cy=(ring.y) r=(ring.radius)
                    stroke-dasharray={ (used) " " (whole) }
                    transform={ "rotate(-90 " (ring.x) " " (ring.y) ")" } {}
                text.b x=(ring.x) y=(ring.y + 5) text-anchor="middle" { (percent(full)) " %" }
            }
            None => circle.ring.off cx=(ring.x) cy=(ring.y) r=(ring.radius) stroke-dasharray="5 5" {},
        }
        text.b x=(ring.x) y=(ring.y + 72) text-anchor="middle" { (region.name) }
        text.sm x=(ring.x) y=(ring.y + 92) text-anchor="middle" { (words) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_is_as_full_as_its_region_and_never_longer_than_itself() {
        let region = Region {
            name: "ca-east".to_owned(),
            servers: Vec::new(),
        };
        let ring = Ring {
            region: &region,
            x: 0,
            y: 0,
            radius: 36,
        };
        assert_eq!(
            ring.lengths(320_000),
            ("226.1".to_owned(), "72.3".to_owned())
        );
        assert_eq!(ring.lengths(5_000_000).1, "226.1");
        assert_eq!((radius(0), radius(u64::MAX)), (34, 44));
    }
}
