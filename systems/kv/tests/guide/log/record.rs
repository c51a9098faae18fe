//! Records that are whole or not there.

/// An entry behind its length and its checksum.
pub(crate) fn write(bytes: &mut Vec<u8>, entry: &str) {
    bytes.extend_from_slice(&(entry.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&crc32fast::hash(entry.as_bytes()).to_le_bytes());
    bytes.extend_from_slice(entry.as_bytes());
}

/// The entries up to the first that is not whole, and where that begins.
pub(crate) fn read(bytes: &[u8]) -> (Vec<String>, usize) {
    let (mut entries, mut end) = (Vec::new(), 0);
    while let Some(entry) = first(&bytes[end..]) {
        entries.push(entry.to_string());
        end += 8 + entry.len();
    }
    (entries, end)
}

fn first(bytes: &[u8]) -> Option<&str> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (checksum, rest) = rest.split_first_chunk::<4>()?;
    let entry = rest.get(..u32::from_le_bytes(*length) as usize)?;
    // Eight zero bytes would be an empty entry: the CRC of nothing is zero.
    let is_whole = !entry.is_empty() && crc32fast::hash(entry) == u32::from_le_bytes(*checksum);
    std::str::from_utf8(entry).ok().filter(|_| is_whole)
}
