//! One end of a WebSocket: heads read and keys answered, frames ↔ bytes, compressed where agreed.

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use sha1::{Digest as _, Sha1};
use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::wire::encode::{FrameSpec, encode_frame};
use crate::wire::{Direction, FrameDecoder, Opcode};

use super::random::Random;

/// The longest request or response head taken, in bytes: twice what common servers allow.
const MAX_HEAD: usize = 16 * 1024;
/// The longest payload, plain or packed, in bytes: above anything the demo sends.
const MAX_PAYLOAD: usize = 1024 * 1024;
/// RSV1 in [`FrameSpec::rsv`]: the message is compressed (RFC 7692, 6).
const RSV1: u8 = 4;
/// The end of a sync flush, which is not sent (RFC 7692, 7.2.1).
const FLUSHED: [u8; 4] = [0, 0, 0xff, 0xff];

/// A head as text, and the bytes that came after it.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) text: String,
    pub(super) rest: Vec<u8>,
}

impl Head {
    /// Reads up to the blank line; `None` at the end of the stream.
    pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Self>> {
        let mut bytes = Vec::new();
        loop {
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                let rest = bytes.split_off(end + 4);
                let text = String::from_utf8(bytes).map_err(io::Error::other)?;
                return Ok(Some(Self { text, rest }));
            }
            if bytes.len() > MAX_HEAD {
                return Err(io::Error::other("the head is too long"));
            }
            if stream.read_buf(&mut bytes).await? == 0 {
                return Ok(None);
            }
        }
    }

    /// The first line.
    pub(super) fn start(&self) -> &str {
        self.text.lines().next().unwrap_or_default()
    }

    /// The value of the first header line called `name`.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.text.lines().skip(1).filter_map(|line| line.split_once(':'));
        let (_, value) = lines.find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(value.trim())
    }
}

/// `Sec-WebSocket-Accept` for this `Sec-WebSocket-Key` (RFC 6455, 4.2.2).
pub(super) fn accept_key(key: &str) -> String {
    let mut hash = Sha1::new();
    hash.update(key);
    hash.update("258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    STANDARD.encode(hash.finalize())
}

/// Frames → bytes, as one side sends them.
pub(super) struct Packer {
    /// Where a client's mask keys come from; a server has none.
    masks: Option<Random>,
    /// The window, kept from message to message.
    deflate: Option<Compress>,
}

impl Packer {
    /// `masks` for a client, `compressed` where permessage-deflate was agreed on.
    pub(super) fn new(masks: Option<Random>, compressed: bool) -> Self {
        let deflate = compressed.then(|| Compress::new(Compression::default(), false));
        Self { masks, deflate }
    }

    /// The wire bytes of a frame. A compressed message is sent in one frame.
    pub(super) fn pack(
        &mut self,
        opcode: Opcode,
        fin: bool,
        payload: &[u8],
    ) -> io::Result<Vec<u8>> {
        let mask = self.masks.as_mut().map(Random::mask);
        let mut spec = FrameSpec { fin, mask, ..FrameSpec::new(opcode) };
        let mut bytes = Vec::new();
        match &mut self.deflate {
            Some(deflate) if !opcode.is_control() => {
                spec.rsv = RSV1;
                encode_frame(&mut bytes, &spec, &compress(deflate, payload)?);
            }
            _ => encode_frame(&mut bytes, &spec, payload),
        }
        Ok(bytes)
    }
}

/// Bytes → frames, as one side receives them.
pub(super) struct Unpacker {
    decoder: FrameDecoder,
    inflate: Option<Decompress>,
}

/// A frame that was received, its payload plain.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Received {
    pub(super) opcode: Opcode,
    pub(super) fin: bool,
    pub(super) payload: Vec<u8>,
}

impl Unpacker {
    /// For frames that travel in `direction`.
    pub(super) fn new(direction: Direction, compressed: bool) -> Self {
        let mut decoder = FrameDecoder::new(direction, MAX_PAYLOAD as u64);
        if compressed {
            decoder.allow_rsv1();
        }
        Self { decoder, inflate: compressed.then(|| Decompress::new(false)) }
    }

    /// The frames that `bytes` complete.
    pub(super) fn unpack(&mut self, bytes: &mut [u8]) -> io::Result<Vec<Received>> {
        let mut frames = Vec::new();
        self.decoder.feed(bytes, &mut |frame| {
            let packed = frame.header.rsv1();
            let (opcode, fin) = (frame.header.opcode(), frame.header.fin());
            frames.push((packed, Received { opcode, fin, payload: frame.payload.into_owned() }));
        });
        let inflate = &mut self.inflate;
        frames
            .into_iter()
            .map(|(packed, mut frame)| {
                if let (true, Some(inflate)) = (packed, inflate.as_mut()) {
                    frame.payload = decompress(inflate, &frame.payload)?;
                }
                Ok(frame)
            })
            .collect()
    }
}

/// A message's payload, compressed (RFC 7692, 7.2.1).
fn compress(deflate: &mut Compress, plain: &[u8]) -> io::Result<Vec<u8>> {
    let end = deflate.total_in() + plain.len() as u64;
    let mut packed = Vec::with_capacity(plain.len() / 2 + 64);
    loop {
        let taken = plain.len() - (end - deflate.total_in()) as usize;
        deflate
            .compress_vec(&plain[taken..], &mut packed, FlushCompress::Sync)
            .map_err(io::Error::other)?;
        // Room left means that zlib had nothing more to say.
        if deflate.total_in() == end && packed.len() < packed.capacity() {
            break;
        }
        packed.reserve(packed.capacity());
    }
    if packed.ends_with(&FLUSHED) {
        packed.truncate(packed.len() - FLUSHED.len());
    }
    Ok(packed)
}

/// A message's payload, plain again (RFC 7692, 7.2.2).
fn decompress(inflate: &mut Decompress, packed: &[u8]) -> io::Result<Vec<u8>> {
    let packed = [packed, &FLUSHED].concat();
    let end = inflate.total_in() + packed.len() as u64;
    let mut plain = Vec::with_capacity(packed.len() * 4);
    loop {
        let taken = packed.len() - (end - inflate.total_in()) as usize;
        inflate
            .decompress_vec(&packed[taken..], &mut plain, FlushDecompress::Sync)
            .map_err(io::Error::other)?;
        if inflate.total_in() == end && plain.len() < plain.capacity() {
            return Ok(plain);
        }
        if plain.len() > MAX_PAYLOAD {
            return Err(io::Error::other("a message inflates to more than the demo ever sends"));
        }
        plain.reserve(plain.capacity().max(64));
    }
}

#[cfg(test)]
mod tests {
    use super::{Packer, Unpacker, accept_key};
    use crate::demo::random::Random;
    use crate::wire::{Direction, Opcode};

    #[test]
    fn the_rfc_s_own_key() {
        assert_eq!(accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn messages_of_all_sizes_survive_compression() {
        let mut random = Random::new(1, "sizes");
        let mut packer = Packer::new(Some(Random::new(1, "masks")), true);
        let mut unpacker = Unpacker::new(Direction::ClientToServer, true);
        for size in [0, 1, 63, 64, 65, 1_000, 40_000, 5, 300_000] {
            let text = b"the same words again ".iter().copied().cycle().take(size / 2);
            let payload: Vec<u8> = text.chain(random.bytes(size - size / 2)).collect();
            let mut bytes = packer.pack(Opcode::BINARY, true, &payload).unwrap();
            assert_eq!(bytes[0], 0xc2, "FIN and RSV1");
            let frames = unpacker.unpack(&mut bytes).unwrap();
            assert_eq!(frames.len(), 1);
            assert_eq!(frames[0].payload, payload);
        }
    }
}
