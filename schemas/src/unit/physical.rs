//! Physical units: which texts mean the same quantity, and how to convert between them.
//!
//! Units are told apart by case, as in `mW` and `MW`. The spellings are those of the International System, of UCUM and SenML
//! (`Cel`), and what sensors commonly write.

/// What a unit measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Quantity {
    Temperature,
    Length,
    Area,
    Volume,
    Mass,
    Time,
    Speed,
    Acceleration,
    Pressure,
    Force,
    Power,
    Energy,
    Voltage,
    Current,
    Resistance,
    Charge,
    Frequency,
    Angle,
    Flow,
    Density,
    Irradiance,
    Information,
    DataRate,
    Ratio,
}

/// A unit: a value `x` of it is `(x - zero) * numerator / denominator` of its quantity's own unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Physical {
    /// What it measures.
    pub quantity: Quantity,
    zero: f64,
    numerator: f64,
    denominator: f64,
}

/// A way from one unit to another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Conversion {
    zero_from: f64,
    factor: f64,
    zero_to: f64,
}

impl Physical {
    /// The unit of this spelling.
    pub fn of(text: &str) -> Option<Self> {
        let at = UNITS.iter().find(|(spellings, ..)| spellings.contains(&text))?;
        let &(_, quantity, zero, numerator, denominator) = at;
        Some(Self { quantity, zero, numerator, denominator })
    }

    /// The way to another unit; `None` if that measures something else.
    pub fn to(self, other: Self) -> Option<Conversion> {
        // One division of whole numbers, as most of them are: exact where it can be.
        let factor = (self.numerator * other.denominator) / (self.denominator * other.numerator);
        (self.quantity == other.quantity).then_some(Conversion {
            zero_from: self.zero,
            factor,
            zero_to: other.zero,
        })
    }
}

impl Conversion {
    /// Converts a value.
    #[inline(always)]
    pub fn apply(self, value: f64) -> f64 {
        (value - self.zero_from) * self.factor + self.zero_to
    }
}

/// A row of [`UNITS`]: spellings, quantity, zero, numerator, denominator.
type Row = (&'static [&'static str], Quantity, f64, f64, f64);

use Quantity as Q;

/// The factors are definitions: BIPM, The International System of Units, 9th edition; NIST SP 811, appendix B.
#[rustfmt::skip]
const UNITS: &[Row] = &[
    (&["C", "°C", "Cel", "degC", "celsius"], Q::Temperature, 0.0, 1.0, 1.0),
    (&["K", "kelvin"], Q::Temperature, 273.15, 1.0, 1.0),
    (&["F", "°F", "degF", "fahrenheit"], Q::Temperature, 32.0, 5.0, 9.0),
    (&["°R", "degR", "rankine"], Q::Temperature, 491.67, 5.0, 9.0),
    (&["m", "meter", "metre"], Q::Length, 0.0, 1.0, 1.0),
    (&["km"], Q::Length, 0.0, 1000.0, 1.0),
    (&["dm"], Q::Length, 0.0, 1.0, 10.0),
    (&["cm"], Q::Length, 0.0, 1.0, 100.0),
    (&["mm"], Q::Length, 0.0, 1.0, 1000.0),
    (&["um", "µm", "μm"], Q::Length, 0.0, 1.0, 1e6),
    (&["nm"], Q::Length, 0.0, 1.0, 1e9),
    (&["in", "inch"], Q::Length, 0.0, 254.0, 10_000.0),
    (&["ft", "feet"], Q::Length, 0.0, 3048.0, 10_000.0),
    (&["yd", "yard"], Q::Length, 0.0, 9144.0, 10_000.0),
    (&["mi", "mile"], Q::Length, 0.0, 1_609_344.0, 1000.0),
    (&["nmi", "NM"], Q::Length, 0.0, 1852.0, 1.0),
    (&["m2", "m²"], Q::Area, 0.0, 1.0, 1.0),
    (&["cm2", "cm²"], Q::Area, 0.0, 1.0, 10_000.0),
    (&["mm2", "mm²"], Q::Area, 0.0, 1.0, 1e6),
    (&["km2", "km²"], Q::Area, 0.0, 1e6, 1.0),
    (&["ha"], Q::Area, 0.0, 10_000.0, 1.0),
    (&["ft2", "ft²", "sqft"], Q::Area, 0.0, 9_290_304.0, 1e8),
    (&["acre"], Q::Area, 0.0, 40_468_564_224.0, 1e7),
    (&["m3", "m³"], Q::Volume, 0.0, 1.0, 1.0),
    (&["l", "L", "dm3", "dm³"], Q::Volume, 0.0, 1.0, 1000.0),
    (&["ml", "mL", "cm3", "cm³"], Q::Volume, 0.0, 1.0, 1e6),
    (&["hl", "hL"], Q::Volume, 0.0, 1.0, 10.0),
    (&["gal"], Q::Volume, 0.0, 3_785_411_784.0, 1e12),
    (&["ft3", "ft³", "cuft"], Q::Volume, 0.0, 28_316_846_592.0, 1e12),
    (&["bbl"], Q::Volume, 0.0, 158_987_294_928.0, 1e12),
    (&["kg"], Q::Mass, 0.0, 1.0, 1.0),
    (&["g"], Q::Mass, 0.0, 1.0, 1000.0),
    (&["mg"], Q::Mass, 0.0, 1.0, 1e6),
    (&["ug", "µg", "μg"], Q::Mass, 0.0, 1.0, 1e9),
    (&["t", "tonne"], Q::Mass, 0.0, 1000.0, 1.0),
    (&["lb", "lbs"], Q::Mass, 0.0, 45_359_237.0, 1e8),
    (&["oz"], Q::Mass, 0.0, 45_359_237.0, 16e8),
    (&["s", "sec"], Q::Time, 0.0, 1.0, 1.0),
    (&["ms"], Q::Time, 0.0, 1.0, 1000.0),
    (&["us", "µs", "μs"], Q::Time, 0.0, 1.0, 1e6),
    (&["ns"], Q::Time, 0.0, 1.0, 1e9),
    (&["min"], Q::Time, 0.0, 60.0, 1.0),
    (&["h", "hr"], Q::Time, 0.0, 3600.0, 1.0),
    (&["d", "day"], Q::Time, 0.0, 86_400.0, 1.0),
    (&["m/s", "mps"], Q::Speed, 0.0, 1.0, 1.0),
    (&["km/h", "kmh", "kph"], Q::Speed, 0.0, 1000.0, 3600.0),
    (&["mm/s"], Q::Speed, 0.0, 1.0, 1000.0),
    (&["cm/s"], Q::Speed, 0.0, 1.0, 100.0),
    (&["mph", "mi/h"], Q::Speed, 0.0, 1_609_344.0, 3_600_000.0),
    (&["kn", "kt", "knot"], Q::Speed, 0.0, 1852.0, 3600.0),
    (&["ft/s", "fps"], Q::Speed, 0.0, 3048.0, 10_000.0),
    (&["m/s2", "m/s²"], Q::Acceleration, 0.0, 1.0, 1.0),
    (&["gn", "g0"], Q::Acceleration, 0.0, 980_665.0, 100_000.0),
    (&["Pa"], Q::Pressure, 0.0, 1.0, 1.0),
    (&["hPa"], Q::Pressure, 0.0, 100.0, 1.0),
    (&["kPa"], Q::Pressure, 0.0, 1000.0, 1.0),
    (&["MPa"], Q::Pressure, 0.0, 1e6, 1.0),
    (&["bar"], Q::Pressure, 0.0, 100_000.0, 1.0),
    (&["mbar"], Q::Pressure, 0.0, 100.0, 1.0),
    (&["atm"], Q::Pressure, 0.0, 101_325.0, 1.0),
    (&["mmHg"], Q::Pressure, 0.0, 133_322_387_415.0, 1e9),
    (&["Torr", "torr"], Q::Pressure, 0.0, 101_325.0, 760.0),
    (&["inHg"], Q::Pressure, 0.0, 3_386_388_640_341.0, 1e9),
    (&["psi"], Q::Pressure, 0.0, 6_894_757_293_168.0, 1e9),
    (&["N"], Q::Force, 0.0, 1.0, 1.0),
    (&["kN"], Q::Force, 0.0, 1000.0, 1.0),
    (&["lbf"], Q::Force, 0.0, 44_482_216_152_605.0, 1e13),
    (&["kgf", "kp"], Q::Force, 0.0, 980_665.0, 100_000.0),
    (&["W"], Q::Power, 0.0, 1.0, 1.0),
    (&["mW"], Q::Power, 0.0, 1.0, 1000.0),
    (&["kW"], Q::Power, 0.0, 1000.0, 1.0),
    (&["MW"], Q::Power, 0.0, 1e6, 1.0),
    (&["GW"], Q::Power, 0.0, 1e9, 1.0),
    (&["hp"], Q::Power, 0.0, 745_699_871_582.0, 1e9),
    (&["PS"], Q::Power, 0.0, 73_549_875.0, 100_000.0),
    (&["BTU/h", "btu/h"], Q::Power, 0.0, 105_505_585_262.0, 3.6e11),
    (&["J"], Q::Energy, 0.0, 1.0, 1.0),
    (&["kJ"], Q::Energy, 0.0, 1000.0, 1.0),
    (&["MJ"], Q::Energy, 0.0, 1e6, 1.0),
    (&["Wh"], Q::Energy, 0.0, 3600.0, 1.0),
    (&["kWh"], Q::Energy, 0.0, 3.6e6, 1.0),
    (&["MWh"], Q::Energy, 0.0, 3.6e9, 1.0),
    (&["cal"], Q::Energy, 0.0, 4184.0, 1000.0),
    (&["kcal"], Q::Energy, 0.0, 4184.0, 1.0),
    (&["BTU", "btu"], Q::Energy, 0.0, 105_505_585_262.0, 1e8),
    (&["V"], Q::Voltage, 0.0, 1.0, 1.0),
    (&["mV"], Q::Voltage, 0.0, 1.0, 1000.0),
    (&["uV", "µV", "μV"], Q::Voltage, 0.0, 1.0, 1e6),
    (&["kV"], Q::Voltage, 0.0, 1000.0, 1.0),
    (&["A"], Q::Current, 0.0, 1.0, 1.0),
    (&["mA"], Q::Current, 0.0, 1.0, 1000.0),
    (&["uA", "µA", "μA"], Q::Current, 0.0, 1.0, 1e6),
    (&["kA"], Q::Current, 0.0, 1000.0, 1.0),
    (&["Ohm", "ohm", "Ω"], Q::Resistance, 0.0, 1.0, 1.0),
    (&["kOhm", "kohm", "kΩ"], Q::Resistance, 0.0, 1000.0, 1.0),
    (&["MOhm", "Mohm", "MΩ"], Q::Resistance, 0.0, 1e6, 1.0),
    (&["As"], Q::Charge, 0.0, 1.0, 1.0),
    (&["Ah"], Q::Charge, 0.0, 3600.0, 1.0),
    (&["mAh"], Q::Charge, 0.0, 3600.0, 1000.0),
    (&["Hz", "1/s"], Q::Frequency, 0.0, 1.0, 1.0),
    (&["kHz"], Q::Frequency, 0.0, 1000.0, 1.0),
    (&["MHz"], Q::Frequency, 0.0, 1e6, 1.0),
    (&["GHz"], Q::Frequency, 0.0, 1e9, 1.0),
    (&["rpm", "1/min"], Q::Frequency, 0.0, 1.0, 60.0),
    (&["rad"], Q::Angle, 0.0, 1.0, 1.0),
    (&["deg", "°"], Q::Angle, 0.0, std::f64::consts::PI, 180.0),
    (&["m3/s", "m³/s"], Q::Flow, 0.0, 1.0, 1.0),
    (&["m3/h", "m³/h"], Q::Flow, 0.0, 1.0, 3600.0),
    (&["l/s", "L/s"], Q::Flow, 0.0, 1.0, 1000.0),
    (&["l/min", "L/min", "lpm"], Q::Flow, 0.0, 1.0, 60_000.0),
    (&["l/h", "L/h"], Q::Flow, 0.0, 1.0, 3.6e6),
    (&["gpm", "gal/min"], Q::Flow, 0.0, 3_785_411_784.0, 60e12),
    (&["kg/m3", "kg/m³"], Q::Density, 0.0, 1.0, 1.0),
    (&["g/cm3", "g/cm³", "kg/l"], Q::Density, 0.0, 1000.0, 1.0),
    (&["g/m3", "g/m³"], Q::Density, 0.0, 1.0, 1000.0),
    (&["mg/m3", "mg/m³"], Q::Density, 0.0, 1.0, 1e6),
    (&["ug/m3", "µg/m3", "µg/m³", "μg/m³"], Q::Density, 0.0, 1.0, 1e9),
    (&["W/m2", "W/m²"], Q::Irradiance, 0.0, 1.0, 1.0),
    (&["kW/m2", "kW/m²"], Q::Irradiance, 0.0, 1000.0, 1.0),
    (&["B", "byte"], Q::Information, 0.0, 8.0, 1.0),
    (&["bit"], Q::Information, 0.0, 1.0, 1.0),
    (&["kB"], Q::Information, 0.0, 8e3, 1.0),
    (&["MB"], Q::Information, 0.0, 8e6, 1.0),
    (&["GB"], Q::Information, 0.0, 8e9, 1.0),
    (&["KiB"], Q::Information, 0.0, 8192.0, 1.0),
    (&["MiB"], Q::Information, 0.0, 8_388_608.0, 1.0),
    (&["GiB"], Q::Information, 0.0, 8_589_934_592.0, 1.0),
    (&["bit/s", "bps"], Q::DataRate, 0.0, 1.0, 1.0),
    (&["kbit/s", "kbps"], Q::DataRate, 0.0, 1000.0, 1.0),
    (&["Mbit/s", "Mbps"], Q::DataRate, 0.0, 1e6, 1.0),
    (&["B/s"], Q::DataRate, 0.0, 8.0, 1.0),
    (&["kB/s"], Q::DataRate, 0.0, 8e3, 1.0),
    (&["MB/s"], Q::DataRate, 0.0, 8e6, 1.0),
    (&["1", "/"], Q::Ratio, 0.0, 1.0, 1.0),
    (&["%", "%RH", "percent"], Q::Ratio, 0.0, 1.0, 100.0),
    (&["‰"], Q::Ratio, 0.0, 1.0, 1000.0),
    (&["ppm"], Q::Ratio, 0.0, 1.0, 1e6),
    (&["ppb"], Q::Ratio, 0.0, 1.0, 1e9),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unit::Unit;

    fn convert(value: f64, from: &str, to: &str) -> f64 {
        Physical::of(from).unwrap().to(Physical::of(to).unwrap()).unwrap().apply(value)
    }

    #[test]
    fn known_values_are_converted_exactly() {
        for (value, from, to, expected) in [
            (100.0, "C", "F", 212.0),
            (-40.0, "°F", "Cel", -40.0),
            (0.0, "C", "K", 273.15),
            (491.67, "°R", "°C", 0.0),
            (1.0, "mi", "m", 1609.344),
            (1.0, "in", "mm", 25.4),
            (3.0, "ft", "yd", 1.0),
            (36.0, "km/h", "m/s", 10.0),
            (1.0, "bar", "kPa", 100.0),
            (1013.25, "hPa", "atm", 1.0),
            (1.0, "kWh", "MJ", 3.6),
            (1.0, "kcal", "J", 4184.0),
            (1500.0, "W", "kW", 1.5),
            (1.0, "acre", "ha", 0.404_685_642_24),
            (1.0, "gal", "l", 3.785_411_784),
            (180.0, "deg", "rad", std::f64::consts::PI),
            (3000.0, "rpm", "Hz", 50.0),
            (1.0, "MiB", "KiB", 1024.0),
            (50.0, "%", "1", 0.5),
            (1.0, "lb", "oz", 16.0),
            (7.5, "V", "V", 7.5),
        ] {
            assert_eq!(convert(value, from, to), expected, "{value} {from} in {to}");
        }
        let psi = convert(1.0, "psi", "kPa");
        assert!((psi - 6.894_757_293_168).abs() < 1e-12, "{psi}");
    }

    #[test]
    fn there_is_a_way_back() {
        for (spellings, quantity, ..) in UNITS {
            for (others, other, ..) in UNITS {
                let way = Physical::of(spellings[0]).unwrap().to(Physical::of(others[0]).unwrap());
                assert_eq!(way.is_some(), quantity == other);
                let Some(way) = way else { continue };
                let there = way.apply(12.5);
                let back = convert(there, others[0], spellings[0]);
                assert!((back - 12.5).abs() < 1e-9, "{} to {}: {back}", spellings[0], others[0]);
            }
        }
    }

    #[test]
    fn spellings_are_units_and_none_is_there_twice() {
        let all: Vec<&str> = UNITS.iter().flat_map(|(spellings, ..)| spellings.iter().copied()).collect();
        for (at, spelling) in all.iter().enumerate() {
            assert!(Unit::is_valid(spelling), "{spelling}");
            assert!(!all[..at].contains(spelling), "{spelling} is there twice");
        }
        assert_eq!(Physical::of("furlong"), None);
    }
}
