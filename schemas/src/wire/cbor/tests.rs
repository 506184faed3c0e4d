//! Items and numbers as RFC 8949 has them, and what is no CBOR.

use super::number::big;
use super::*;

/// The first item of these bytes as a number.
fn number(bytes: &[u8]) -> Option<f64> {
    let mut reader = Reader::new(bytes);
    let head = reader.head().unwrap();
    let number = reader.number(head).unwrap();
    reader.end().unwrap();
    number
}

#[test]
fn numbers_of_every_width_are_read_exactly() {
    // Appendix A of RFC 8949, and the ends of the ranges.
    for (bytes, expected) in [
        (&[0x00][..], 0.0),
        (&[0x17], 23.0),
        (&[0x18, 0x18], 24.0),
        (&[0x19, 0x03, 0xe8], 1000.0),
        (&[0x1a, 0x00, 0x0f, 0x42, 0x40], 1e6),
        (&[0x1b, 0, 0, 0, 0xe8, 0xd4, 0xa5, 0x10, 0x00], 1e12),
        (&[0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 18_446_744_073_709_551_615.0),
        (&[0x20], -1.0),
        (&[0x39, 0x03, 0xe7], -1000.0),
        (&[0x3b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], -18_446_744_073_709_551_616.0),
        (&[0xf9, 0x00, 0x00], 0.0),
        (&[0xf9, 0x3c, 0x00], 1.0),
        (&[0xf9, 0x7b, 0xff], 65504.0),
        (&[0xf9, 0x00, 0x01], 5.960_464_477_539_063e-8),
        (&[0xf9, 0x04, 0x00], 0.000_061_035_156_25),
        (&[0xf9, 0xc4, 0x00], -4.0),
        (&[0xfa, 0x47, 0xc3, 0x50, 0x00], 100_000.0),
        (&[0xfa, 0x7f, 0x7f, 0xff, 0xff], f64::from(f32::MAX)),
        (&[0xfb, 0x3f, 0xf1, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a], 1.1),
        (&[0xc2, 0x49, 1, 0, 0, 0, 0, 0, 0, 0, 0], 18_446_744_073_709_551_616.0),
        (&[0xc3, 0x49, 1, 0, 0, 0, 0, 0, 0, 0, 0], -18_446_744_073_709_551_617.0),
        (&[0xc2, 0x40], 0.0),
        (&[0xc3, 0x42, 0, 5], -6.0),
        (&[0xc4, 0x82, 0x21, 0x19, 0x6a, 0xb3], 273.15),
    ] {
        assert_eq!(number(bytes).map(f64::to_bits), Some(f64::to_bits(expected)), "{bytes:x?}");
    }
    assert_eq!(number(&[0xf9, 0x7c, 0x00]), Some(f64::INFINITY));
    assert!(number(&[0xf9, 0x7e, 0x00]).unwrap().is_nan());
    assert_eq!(
        number(&[0xc4, 0x82, 0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]),
        Some(f64::INFINITY)
    );
    for no_number in
        [&[0x61, b'1'][..], &[0xf6], &[0xc0, 0x01], &[0xc2, 0x01], &[0xc4, 0x82, 0x61, b'1', 0x01]]
    {
        assert_eq!(number(no_number), None, "{no_number:x?}");
    }
}

#[test]
fn a_bignum_is_rounded_to_the_nearest_f64_as_its_digits_would_be() {
    // 2^53 + 1 lies between two f64; one more bit far behind decides the tie.
    let mut bytes = vec![0x20, 0, 0, 0, 0, 0, 0x01];
    bytes.resize(20, 0);
    let tie = 9_007_199_254_740_992.0 * 2f64.powi(8 * 13);
    assert_eq!(big(&bytes, false), tie, "a tie goes to the even one");
    bytes[19] = 1;
    assert_eq!(big(&bytes, false), 9_007_199_254_740_994.0 * 2f64.powi(8 * 13));
    assert_eq!(big(&[0xff; 128], false), f64::INFINITY);
    assert_eq!(big(&[0xff; 60_000], true), f64::INFINITY);
    assert_eq!(
        big(&[0x20, 0, 0, 0, 0, 0, 1], true),
        9_007_199_254_740_994.0,
        "rounded once, after the 1 is added"
    );
    assert_eq!(big(&[0xff; 17], true), 2f64.powi(136));
    let mut least = vec![0; 60_000];
    least[59_999] = 7;
    assert_eq!(big(&least, false), 7.0, "leading zeros count for nothing");
}

#[test]
fn what_is_not_well_formed_is_refused_where_it_is() {
    for (bytes, what, at) in [
        (&[][..], "ends in the middle", 0),
        (&[0x19, 0x01], "ends in the middle", 1),
        (&[0x1c], "a reserved head", 0),
        (&[0xf8, 0x18], "a reserved head", 0),
        (&[0x1f], "a reserved head", 0),
        (&[0xdf], "a reserved head", 0),
        (&[0xff], "a break where an item must be", 0),
        (&[0xa1, 0x01, 0xff], "a break where an item must be", 2),
        (&[0xbf, 0x01, 0xff], "a break where an item must be", 2),
        (&[0x62, 0xc3, 0x28], "text that is not UTF-8", 1),
        (&[0x7f, 0x41, 0x61, 0xff], "a piece of text that is none", 2),
        (&[0x7f, 0x7f, 0xff, 0xff], "a piece of text that is none", 2),
        (&[0x5f, 0x61, 0x61, 0xff], "a piece of a byte string that is none", 2),
        (&[0x9f, 0x01], "ends in the middle", 2),
        (&[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], "ends in the middle", 9),
        (&[0x7b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], "ends in the middle", 9),
        (&[0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], "ends in the middle", 10),
    ] {
        let error = Reader::new(bytes).skip_item().unwrap_err();
        assert!(error.what.starts_with(what) && error.at == at, "{bytes:x?}: {error}");
    }
}

#[test]
fn nesting_is_bounded_whatever_it_is_made_of() {
    for opener in [&[0x81][..], &[0x9f], &[0xa1, 0x00], &[0xbf, 0x00], &[0xc1]] {
        let nested = |levels: usize| {
            let mut bytes = opener.repeat(levels);
            bytes.push(0x00);
            bytes.extend(std::iter::repeat_n(0xff, if opener[0] & 0x1f == 0x1f { levels } else { 0 }));
            bytes
        };
        assert_eq!(Reader::new(&nested(limit::CBOR_DEPTH)).skip_item(), Ok(()), "{opener:x?}");
        let error = Reader::new(&nested(limit::CBOR_DEPTH + 1)).skip_item().unwrap_err();
        assert_eq!(error.what, "nested too deeply", "{opener:x?}");
        assert!(Reader::new(&opener.repeat(30_000)).skip_item().is_err());
    }
}
