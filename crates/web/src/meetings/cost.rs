//! Sums of money as people write them, and in minor units.

use domain::record::{COST_MAX, Currency, MonthlyCost};

/// How many digits a currency has after the point (ISO 4217).
fn digits(currency: Currency) -> usize {
    match currency.as_str() {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX"
        | "VND" | "VUV" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        _ => 2,
    }
}

/// Reads a sum such as `30`, `30.5` or `30.00`.
#[must_use]
pub fn parse(text: &str, currency: Currency) -> Option<MonthlyCost> {
    let (whole, part) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let digits = digits(currency);
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || part.len() > digits || !is_number(whole) || !is_number(part) {
        return None;
    }
    let padded = format!("{whole}{part:0<digits$}");
    let minor_units = padded.parse().ok().filter(|units| *units <= COST_MAX)?;
    Some(MonthlyCost {
        minor_units,
        currency,
    })
}

/// The sum without its currency, such as `30.00`.
#[must_use]
pub fn amount(cost: &MonthlyCost) -> String {
    let digits = digits(cost.currency);
    let text = format!("{:0>width$}", cost.minor_units, width = digits + 1);
    let (whole, part) = text.split_at(text.len() - digits);
    match part.is_empty() {
        true => whole.to_owned(),
        false => format!("{whole}.{part}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_come_back_as_their_currency_writes_them() {
        for (text, currency, units, shown) in [
            ("30", "EUR", 3_000, "30.00"),
            ("30.5", "EUR", 3_050, "30.50"),
            ("0.07", "GBP", 7, "0.07"),
            ("3000", "JPY", 3_000, "3000"),
            ("1.234", "KWD", 1_234, "1.234"),
        ] {
            let cost = parse(text, Currency::parse(currency).unwrap()).unwrap();
            assert_eq!(cost.minor_units, units, "{text}");
            assert_eq!(amount(&cost), shown);
        }
    }

    #[test]
    fn what_is_no_sum_is_refused() {
        let euro = Currency::parse("EUR").unwrap();
        for text in ["", "-1", "1,5", "1.234", ".5", "10 EUR", "99999999999999"] {
            assert_eq!(parse(text, euro), None, "{text}");
        }
    }
}
