//! Which addresses are called: those of the public network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use guildhall_domain::error::Unreachable;

/// What a name leads to, where all of it may be called: a name with one private address is as bad as one with none but
/// private ones.
pub(super) fn checked(addresses: Vec<SocketAddr>, loopback: bool) -> Result<Vec<SocketAddr>, Unreachable> {
    let may = |address: &SocketAddr| is_public(address.ip()) || loopback && is_loopback(address.ip());
    if !addresses.is_empty() && addresses.iter().all(may) { Ok(addresses) } else { Err(Unreachable::NoPublicAddress) }
}

/// Whether an address is of this machine.
pub(super) fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => !is_special_v4(address),
        IpAddr::V6(address) => !is_special_v6(address),
    }
}

/// What the IANA registry of special-purpose addresses has, multicast, and what is reserved.
fn is_special_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    matches!(
        (a, b, c),
        (0 | 10 | 127 | 224.., ..)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 0, 0 | 2)
            | (192, 31, 196)
            | (192, 52, 193)
            | (192, 88, 99)
            | (192, 168, _)
            | (192, 175, 48)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    )
}

/// Everything but global unicast, and of that what leads on to IPv4 (6to4, Teredo) or is no place.
fn is_special_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        [0x2001, 0..=0x01ff, ..] | [0x2001, 0x0db8, ..] | [0x2002, ..] => true,
        [0x2620, 0x004f, 0x8000, ..] | [0x3fff, 0..=0x0fff, ..] => true,
        [first, ..] => first & 0xe000 != 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use guildhall_domain::error::Unreachable;

    use super::{checked, is_public};

    #[test]
    fn only_public_addresses_are_called() {
        for public in ["1.1.1.1", "93.184.216.34", "100.63.0.1", "172.32.0.1", "2606:4700::1111", "2a00:1450::1"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for special in [
            "0.0.0.0",
            "0.1.2.3",
            "10.1.2.3",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.7",
            "224.0.0.1",
            "239.1.1.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:10::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(special.parse().unwrap()), "{special}");
        }
    }

    #[test]
    fn one_bad_address_spoils_a_name() {
        let of = |list: &[&str]| list.iter().map(|ip| SocketAddr::new(ip.parse().unwrap(), 443)).collect::<Vec<_>>();
        let refused = Err(Unreachable::NoPublicAddress);
        assert_eq!(checked(of(&["1.1.1.1", "1.0.0.1"]), false), Ok(of(&["1.1.1.1", "1.0.0.1"])));
        assert_eq!(checked(of(&["1.1.1.1", "10.0.0.1"]), false), refused);
        assert_eq!(checked(of(&[]), true), refused);
        assert_eq!(checked(of(&["127.0.0.1"]), false), refused);
        assert_eq!(checked(of(&["127.0.0.1", "::1"]), true), Ok(of(&["127.0.0.1", "::1"])));
        assert_eq!(checked(of(&["127.0.0.1", "192.168.0.1"]), true), refused, "of this machine, not of its network");
    }
}
