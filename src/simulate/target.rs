//! Where the server is: the address behind `--url`, and the addresses that devices dial.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;

use anyhow::{Context, Result};

/// Devices that dial one address of a loopback server. A pair of addresses has 28,232 ports on Linux as it comes.
const DEVICES_PER_ADDRESS: usize = 20_000;

/// A server: `http://host[:port]` (`ws://` is taken for it).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Host and port as they stand in the URL: what the `Host` header says.
    pub authority: String,
    host: String,
    port: u16,
}

impl FromStr for Target {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let uri: hyper::Uri =
            text.parse().map_err(|_| "must be a URL such as http://127.0.0.1:8080".to_owned())?;
        match uri.scheme_str() {
            Some("http" | "ws") => {}
            Some("https" | "wss") => {
                return Err("TLS is not spoken here: point it at the server behind the proxy".to_owned());
            }
            _ => return Err("must start with http://".to_owned()),
        }
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
            return Err("must be only the scheme, host and port".to_owned());
        }
        let (Some(host), Some(authority)) = (uri.host(), uri.authority()) else {
            return Err("must name a host".to_owned());
        };
        let host = host.trim_matches(['[', ']']).to_owned();
        Ok(Self { host, port: uri.port_u16().unwrap_or(80), authority: authority.as_str().to_owned() })
    }
}

impl Target {
    /// The addresses that `devices` devices dial in turn: one, or for more devices on a loopback server than a pair of addresses
    /// has ports, 127.0.0.1 and its neighbours (the server must then listen on 0.0.0.0). Cancel safe.
    pub async fn addresses(&self, devices: usize) -> Result<Vec<SocketAddr>> {
        let mut found = tokio::net::lookup_host((self.host.as_str(), self.port))
            .await
            .with_context(|| format!("looking up {}", self.host))?;
        let first = found.next().with_context(|| format!("{} has no address", self.host))?;
        let count = devices.div_ceil(DEVICES_PER_ADDRESS);
        match first.ip() {
            IpAddr::V4(ip) if ip.is_loopback() && count > 1 => Ok((0..count as u32)
                .map(|i| SocketAddr::new(Ipv4Addr::from(u32::from(ip).saturating_add(i)).into(), self.port))
                .collect()),
            _ => Ok(vec![first]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_scheme_host_and_port() {
        let target: Target = "http://127.0.0.1:8080".parse().unwrap();
        assert_eq!((target.host.as_str(), target.port), ("127.0.0.1", 8080));
        assert_eq!("ws://[::1]:9/".parse::<Target>().unwrap().host, "::1");
        assert_eq!("http://edge.local".parse::<Target>().unwrap().port, 80);
        for text in ["127.0.0.1:8080", "https://x", "http://x/path", "http://x/?q", "ftp://x", ""] {
            assert!(text.parse::<Target>().is_err(), "{text}");
        }
    }

    #[tokio::test]
    async fn many_devices_spread_over_loopback() {
        let target: Target = "http://127.0.0.1:8080".parse().unwrap();
        assert_eq!(target.addresses(20_000).await.unwrap().len(), 1);
        let spread = target.addresses(45_000).await.unwrap();
        assert_eq!(spread.len(), 3);
        assert_eq!(spread[2].to_string(), "127.0.0.3:8080");
    }
}
