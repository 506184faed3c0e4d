//! A WebSocket client (RFC 6455) cut for sending many small frames cheaply: one buffer each way, frames masked while
//! they are copied into the write buffer, any number of them per system call, nothing allocated per frame.
//!
//! tungstenite masks in place in a buffer per message and flushes through three layers; on two cores shared with the
//! server the load generator must cost less than that. The tests use tungstenite against the server, so a mistake made
//! here twice does not hide there. Not here: TLS, extensions, sending fragments.

use std::io;
use std::net::SocketAddr;
use std::ops::Range;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::frame::Random;

/// Bytes of the server's answer to the handshake.
const HEAD_BYTES_MAX: usize = 8 * 1024;
/// Bytes of a message of the server; acknowledgements with many refusals are the largest.
const MESSAGE_BYTES_MAX: usize = 256 * 1024;
/// Bytes that are asked of the kernel at first. Grows while reads fill it, so that idle sockets stay small.
const READ_BYTES_MIN: usize = 256;
const READ_BYTES_MAX: usize = 16 * 1024;

const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// Why a socket is not, or no longer, of use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The operating system said no, or the other side was gone.
    Io(io::ErrorKind),
    /// This process, or the system, has no file descriptor left.
    Descriptors,
    /// The handshake was answered with this HTTP status.
    Refused(u16),
    /// The server closed the socket, with a code and a reason (1005 without).
    Closed(u16, String),
    /// The server could not store what it was sent, and the form has no way to send it again on this socket.
    Busy,
    /// The server does not keep to the protocol.
    Broken(&'static str),
}

impl Fault {
    /// What errors are counted under.
    pub fn label(&self) -> String {
        match self {
            Self::Io(kind) => format!("io: {kind}"),
            Self::Descriptors => "too many open files: raise `ulimit -n`".to_owned(),
            Self::Refused(status) => format!("handshake refused: {status}"),
            Self::Closed(code, _) => format!("closed by the server: {code}"),
            Self::Busy => "nack: busy".to_owned(),
            Self::Broken(what) => format!("protocol: {what}"),
        }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        // EMFILE and ENFILE have no kind of their own, and are what a fleet runs into first.
        match error.raw_os_error() {
            Some(23 | 24) => Self::Descriptors,
            _ => Self::Io(error.kind()),
        }
    }
}

/// An open socket.
#[derive(Debug)]
pub struct Socket {
    stream: TcpStream,
    random: Random,
    /// Bytes read and not yet taken: `inbox[taken..]`.
    inbox: Vec<u8>,
    taken: usize,
    read_bytes: usize,
    /// A fragmented message so far.
    fragments: Option<Vec<u8>>,
    /// Bytes to write: `outbox[written..]`.
    outbox: Vec<u8>,
    written: usize,
}

impl Socket {
    /// Connects and shakes hands on `path`, with the token as a header if one is given and the sub-protocol if any. Not cancel safe.
    ///
    /// # Errors
    /// Any [`Fault`] but a close.
    pub async fn open(
        address: SocketAddr,
        authority: &str,
        path: &str,
        bearer: Option<&str>,
        protocol: Option<&str>,
        random: Random,
    ) -> Result<Self, Fault> {
        let mut stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let key = generate_key();
        let mut request = format!(
            "GET {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\nUser-Agent: edgesync-simulate\r\n"
        );
        if let Some(token) = bearer {
            request.push_str(&format!("Authorization: Bearer {token}\r\n"));
        }
        if let Some(protocol) = protocol {
            request.push_str(&format!("Sec-WebSocket-Protocol: {protocol}\r\n"));
        }
        request.push_str("\r\n");
        stream.write_all(request.as_bytes()).await?;

        let mut inbox = Vec::with_capacity(512);
        let taken = loop {
            if let Some(end) = inbox.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            if inbox.len() > HEAD_BYTES_MAX {
                return Err(Fault::Broken("answer to the handshake too long"));
            }
            if stream.read_buf(&mut inbox).await? == 0 {
                return Err(Fault::Io(io::ErrorKind::UnexpectedEof));
            }
        };
        check_answer(&inbox[..taken], &key)?;
        Ok(Self {
            stream,
            random,
            inbox,
            taken,
            read_bytes: READ_BYTES_MIN,
            fragments: None,
            outbox: Vec::new(),
            written: 0,
        })
    }

    /// The connection, for waiting until it can be read or written.
    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Bytes that wait to be written.
    pub fn unwritten(&self) -> usize {
        self.outbox.len() - self.written
    }

    /// Queues a text frame.
    pub fn push_text(&mut self, text: &[u8]) {
        self.push(TEXT, text);
    }

    /// Queues a binary frame.
    pub fn push_binary(&mut self, bytes: &[u8]) {
        self.push(BINARY, bytes);
    }

    fn push(&mut self, opcode: u8, payload: &[u8]) {
        let mask = (self.random.next() as u32).to_ne_bytes();
        self.outbox.push(0x80 | opcode);
        match payload.len() {
            len @ 0..=125 => self.outbox.push(0x80 | len as u8),
            len @ 126..=0xffff => {
                self.outbox.push(0x80 | 126);
                self.outbox.extend_from_slice(&(len as u16).to_be_bytes());
            }
            len => {
                self.outbox.push(0x80 | 127);
                self.outbox.extend_from_slice(&(len as u64).to_be_bytes());
            }
        }
        self.outbox.extend_from_slice(&mask);
        let start = self.outbox.len();
        self.outbox.extend_from_slice(payload);
        // Whole blocks of 16 in a loop of their own: the compiler makes vector instructions of it.
        let wide: [u8; 16] = std::array::from_fn(|i| mask[i % 4]);
        let mut blocks = self.outbox[start..].chunks_exact_mut(16);
        for block in &mut blocks {
            block.iter_mut().zip(wide).for_each(|(byte, mask)| *byte ^= mask);
        }
        blocks.into_remainder().iter_mut().zip(wide).for_each(|(byte, mask)| *byte ^= mask);
    }

    /// Writes as much as the kernel takes now.
    pub fn write_now(&mut self) -> Result<(), Fault> {
        while self.unwritten() > 0 {
            match self.stream.try_write(&self.outbox[self.written..]) {
                Ok(count) => self.written += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
        self.outbox.clear();
        self.written = 0;
        Ok(())
    }

    /// Reads once what the kernel has now.
    pub fn read_now(&mut self) -> Result<(), Fault> {
        if self.taken == self.inbox.len() {
            self.inbox.clear();
        } else if self.taken > 0 {
            self.inbox.drain(..self.taken);
        }
        self.taken = 0;
        self.inbox.reserve(self.read_bytes);
        match self.stream.try_read_buf(&mut self.inbox) {
            Ok(0) => Err(Fault::Io(io::ErrorKind::UnexpectedEof)),
            Ok(count) => {
                if count >= self.read_bytes {
                    self.read_bytes = (self.read_bytes * 4).min(READ_BYTES_MAX);
                }
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Hands every whole message that was read to `take`; answers pings.
    ///
    /// # Errors
    /// [`Fault::Closed`] when the server closed, [`Fault::Broken`] when it does not keep to the protocol.
    pub fn messages(&mut self, mut take: impl FnMut(&[u8])) -> Result<(), Fault> {
        while let Some((opcode, is_final, payload)) = self.next_frame()? {
            match opcode {
                TEXT | BINARY if is_final && self.fragments.is_none() => take(&self.inbox[payload]),
                TEXT | BINARY if self.fragments.is_none() => {
                    self.fragments = Some(self.inbox[payload].to_vec());
                }
                0 => {
                    let Some(message) = &mut self.fragments else {
                        return Err(Fault::Broken("continuation of nothing"));
                    };
                    if message.len() + payload.len() > MESSAGE_BYTES_MAX {
                        return Err(Fault::Broken("message too long"));
                    }
                    message.extend_from_slice(&self.inbox[payload]);
                    if is_final {
                        take(&self.fragments.take().unwrap_or_default());
                    }
                }
                PING => {
                    let payload = self.inbox[payload].to_vec();
                    self.push(PONG, &payload);
                }
                PONG => {}
                CLOSE => {
                    let payload = &self.inbox[payload];
                    let code = payload.first_chunk().map_or(1005, |code| u16::from_be_bytes(*code));
                    let reason = String::from_utf8_lossy(payload.get(2..).unwrap_or_default()).into_owned();
                    return Err(Fault::Closed(code, reason));
                }
                _ => return Err(Fault::Broken("unexpected kind of frame")),
            }
        }
        Ok(())
    }

    /// Says goodbye and waits for the answer, so that the server sees a close and not a broken connection.
    pub async fn close(mut self) {
        self.push(CLOSE, &1000u16.to_be_bytes());
        while self.write_now().is_ok() && self.unwritten() > 0 {
            if self.stream.writable().await.is_err() {
                return;
            }
        }
        while self.messages(|_| {}).is_ok() {
            if self.stream.readable().await.is_err() || self.read_now().is_err() {
                return;
            }
        }
    }

    /// Takes the next whole frame off the inbox: its opcode, whether it is final, and where its payload is.
    fn next_frame(&mut self) -> Result<Option<(u8, bool, Range<usize>)>, Fault> {
        let bytes = &self.inbox[self.taken..];
        let [first, second, ..] = *bytes else { return Ok(None) };
        if first & 0x70 != 0 || second & 0x80 != 0 {
            return Err(Fault::Broken("reserved bits or a mask"));
        }
        let (head, len) = match (second, bytes) {
            (126, [_, _, a, b, ..]) => (4, usize::from(u16::from_be_bytes([*a, *b]))),
            (127, [_, _, 0, 0, 0, 0, a, b, c, d, ..]) => (10, u32::from_be_bytes([*a, *b, *c, *d]) as usize),
            (127, bytes) if bytes.len() >= 10 => return Err(Fault::Broken("message too long")),
            (126 | 127, _) => return Ok(None),
            (len, _) => (2, usize::from(len)),
        };
        if len > MESSAGE_BYTES_MAX {
            return Err(Fault::Broken("message too long"));
        }
        if bytes.len() < head + len {
            return Ok(None);
        }
        let start = self.taken + head;
        self.taken = start + len;
        Ok(Some((first & 0x0f, first & 0x80 != 0, start..start + len)))
    }
}

/// Checks the head of the server's answer: status 101 and the proof that it read our key.
fn check_answer(head: &[u8], key: &str) -> Result<(), Fault> {
    let text = std::str::from_utf8(head).map_err(|_| Fault::Broken("answer to the handshake is not text"))?;
    let mut lines = text.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok());
    match status {
        Some(101) => {}
        Some(status) => return Err(Fault::Refused(status)),
        None => return Err(Fault::Broken("answer to the handshake is not HTTP")),
    }
    let accept = lines
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-accept"))
        .map(|(_, value)| value.trim());
    if accept != Some(derive_accept_key(key.as_bytes()).as_str()) {
        return Err(Fault::Broken("wrong Sec-WebSocket-Accept"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::{SinkExt, StreamExt};
    use tokio_tungstenite::tungstenite::Message;

    /// Another library's server that sends every text back, on a free port.
    async fn echo() -> SocketAddr {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
            socket.send(Message::Ping("are you there".into())).await.unwrap();
            while let Some(Ok(message)) = socket.next().await {
                match message {
                    Message::Text(text) => socket.send(Message::Text(text)).await.unwrap(),
                    Message::Pong(payload) => assert_eq!(&payload[..], b"are you there"),
                    _ => {}
                }
            }
        });
        address
    }

    #[tokio::test]
    async fn texts_of_every_length_class_come_back_from_another_library() {
        let address = echo().await;
        let mut socket = Socket::open(address, "x", "/", None, None, Random::new(1, 1)).await.unwrap();
        let sent: Vec<String> = [0, 1, 125, 126, 400, 65_535, 65_536].map(|len| "é".repeat(len / 2)).into();
        for text in &sent {
            socket.push_text(text.as_bytes());
        }
        let mut got = Vec::new();
        while got.len() < sent.len() {
            socket.write_now().unwrap();
            socket.stream().readable().await.unwrap();
            socket.read_now().unwrap();
            socket.messages(|text| got.push(String::from_utf8(text.to_vec()).unwrap())).unwrap();
        }
        assert_eq!(got, sent);
        socket.close().await; // comes back only when the other library has answered
    }

    #[test]
    fn an_answer_without_the_proof_is_refused() {
        let answer = |status: &str, accept: &str| {
            format!("HTTP/1.1 {status}\r\nSec-WebSocket-Accept: {accept}\r\n\r\n")
        };
        let accept = derive_accept_key(b"key");
        assert_eq!(check_answer(answer("101 x", &accept).as_bytes(), "key"), Ok(()));
        assert_eq!(check_answer(answer("403 Forbidden", "").as_bytes(), "key"), Err(Fault::Refused(403)));
        assert!(check_answer(answer("101 x", "abc").as_bytes(), "key").is_err());
    }
}
