//! Messages in a byte stream: how long, which, what. Knows no connection and no
//! retry.
//!
//! A frame is the length of what follows (4 bytes, big-endian), the correlation id (8
//! bytes, big-endian), and the message as JSON.

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt};

/// The most bytes that a frame may have behind its length: 1 MiB. A longer one is an
/// error on both sides, so that a stray length cannot claim the memory.
pub const FRAME_BYTES_MOST: usize = 1 << 20;

const LENGTH_BYTES: usize = 4;
const ID_BYTES: usize = 8;

/// A message that has arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Which request it is, or answers.
    pub correlation: u64,
    body: Vec<u8>,
}

impl Frame {
    /// The message.
    ///
    /// # Errors
    /// `InvalidData` if it is not one of that type.
    pub fn message<M: DeserializeOwned>(&self) -> io::Result<M> {
        serde_json::from_slice(&self.body).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }
}

/// The bytes of a frame.
///
/// # Errors
/// `InvalidInput` over [`FRAME_BYTES_MOST`], or if the message cannot be JSON.
pub fn frame(correlation: u64, message: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; LENGTH_BYTES];
    bytes.extend_from_slice(&correlation.to_be_bytes());
    serde_json::to_writer(&mut bytes, message).map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
    let length = bytes.len() - LENGTH_BYTES;
    if length > FRAME_BYTES_MOST {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    bytes[..LENGTH_BYTES].copy_from_slice(&(length as u32).to_be_bytes());
    Ok(bytes)
}

/// Cuts a byte stream into frames.
#[derive(Debug)]
pub struct FrameReader<R> {
    stream: R,
    buffer: Vec<u8>,
}

impl<R: AsyncRead + Unpin> FrameReader<R> {
    /// A reader at the beginning of a frame.
    pub fn new(stream: R) -> FrameReader<R> {
        FrameReader { stream, buffer: Vec::new() }
    }

    /// The stream, to write to.
    pub fn stream(&mut self) -> &mut R {
        &mut self.stream
    }

    /// The next frame, or nothing if the stream ends between two frames. Dropping the
    /// future loses no byte: the next call goes on where this one was.
    ///
    /// # Errors
    /// `UnexpectedEof` within a frame, `InvalidData` for an impossible length, and the
    /// stream's own.
    pub async fn next(&mut self) -> io::Result<Option<Frame>> {
        loop {
            if let Some(frame) = self.cut()? {
                return Ok(Some(frame));
            }
            self.buffer.reserve(512);
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return if self.buffer.is_empty() { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
            }
        }
    }

    /// Takes a whole frame off the buffer, if one is there.
    fn cut(&mut self) -> io::Result<Option<Frame>> {
        let Some((length, rest)) = self.buffer.split_first_chunk::<LENGTH_BYTES>() else { return Ok(None) };
        let length = u32::from_be_bytes(*length) as usize;
        if !(ID_BYTES..=FRAME_BYTES_MOST).contains(&length) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let Some((id, body)) = rest.get(..length).and_then(|frame| frame.split_first_chunk::<ID_BYTES>()) else {
            return Ok(None);
        };
        let frame = Frame { correlation: u64::from_be_bytes(*id), body: body.to_vec() };
        self.buffer.drain(..LENGTH_BYTES + length);
        Ok(Some(frame))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    /// What a reader gives for `bytes` and then the end of the stream.
    fn read(bytes: &[u8]) -> Result<Vec<(u64, String)>, io::ErrorKind> {
        let mut reader = FrameReader::new(bytes);
        let reading = pin!(async move {
            let mut frames = Vec::new();
            while let Some(frame) = reader.next().await? {
                frames.push((frame.correlation, frame.message()?));
            }
            Ok::<_, io::Error>(frames)
        });
        match reading.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => result.map_err(|error| error.kind()),
            Poll::Pending => panic!("a slice is always ready"),
        }
    }

    #[test]
    fn frames_survive_the_stream() {
        let long = "x".repeat(5_000);
        let mut bytes = frame(7, &"seven").expect("it is short");
        bytes.extend(frame(u64::MAX, &long).expect("it is short enough"));
        assert_eq!(read(&bytes), Ok(vec![(7, "seven".to_string()), (u64::MAX, long)]));
        assert_eq!(read(&[]), Ok(vec![]));
    }

    #[test]
    fn a_broken_stream_is_an_error() {
        let bytes = frame(7, &"seven").expect("it is short");
        for end in 1..bytes.len() {
            assert_eq!(read(&bytes[..end]), Err(io::ErrorKind::UnexpectedEof), "cut at {end}");
        }
        assert_eq!(read(&[0xff; 12]), Err(io::ErrorKind::InvalidData), "a length of 4 GiB");
        assert_eq!(read(&[0; 12]), Err(io::ErrorKind::InvalidData), "no room for an id");
    }

    #[test]
    fn an_overlong_message_is_not_framed() {
        let fits = "x".repeat(FRAME_BYTES_MOST - ID_BYTES - 2);
        assert!(frame(1, &fits).is_ok());
        let error = frame(1, &format!("{fits}x")).expect_err("a byte too long");
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    }
}
