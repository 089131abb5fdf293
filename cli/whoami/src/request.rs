use std::io::{self, BufRead, Read};

/// No line of a request is longer, and it has no more header lines: nobody may make this server take memory by accident.
const LINE_BYTES_MAX: u64 = 16 << 10;
const HEADERS_MAX: usize = 100;
/// A body is read and thrown away up to this size.
const BODY_BYTES_MAX: u64 = 64 << 20;

/// The head of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// The path with its query, as it came.
    pub(crate) target: String,
    /// True when the connection ends with the answer.
    pub(crate) close: bool,
}

impl Request {
    /// Reads one; none when the connection ended.
    ///
    /// # Errors
    /// `InvalidData` for what is not a request, and what the connection says.
    pub(crate) fn read(stream: &mut impl BufRead) -> io::Result<Option<Self>> {
        let Some(first) = line(stream)? else { return Ok(None) };
        let mut words = first.split(' ');
        let (Some(method), Some(target), Some(version), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(malformed());
        };
        if method.is_empty() || !target.starts_with('/') || !version.starts_with("HTTP/1.") {
            return Err(malformed());
        }
        let mut request =
            Self { method: method.to_owned(), target: target.to_owned(), close: version == "HTTP/1.0" };
        let mut length = 0;
        for _ in 0..HEADERS_MAX {
            let header = line(stream)?.ok_or_else(malformed)?;
            if header.is_empty() {
                skip(stream, length)?;
                return Ok(Some(request));
            }
            let (name, value) = header.split_once(':').ok_or_else(malformed)?;
            let value = value.trim();
            match name.to_ascii_lowercase().as_str() {
                "connection" => request.close = value.eq_ignore_ascii_case("close"),
                "content-length" => length = value.parse().map_err(|_| malformed())?,
                "transfer-encoding" => return Err(malformed()),
                _ => {}
            }
        }
        Err(malformed())
    }

    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// A value of the query, with `%20` and `+` decoded.
    pub(crate) fn query(&self, name: &str) -> Option<String> {
        let (_, query) = self.target.split_once('?')?;
        let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        pairs.into_iter().find(|(key, _)| *key == name).map(|(_, value)| decoded(value))
    }
}

fn line(stream: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    if stream.take(LINE_BYTES_MAX).read_until(b'\n', &mut bytes)? == 0 {
        return Ok(None);
    }
    if bytes.pop() != Some(b'\n') {
        return Err(malformed());
    }
    if bytes.last() == Some(&b'\r') {
        bytes.pop();
    }
    String::from_utf8(bytes).map(Some).map_err(|_| malformed())
}

fn skip(stream: &mut impl BufRead, length: u64) -> io::Result<()> {
    if length > BODY_BYTES_MAX {
        return Err(malformed());
    }
    io::copy(&mut stream.take(length), &mut io::sink()).map(drop)
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit =
                    || rest.next().and_then(|digit| char::from(digit).to_digit(16)).unwrap_or_default();
                u8::try_from(digit() * 16 + digit()).unwrap_or_default()
            }
            plain => plain,
        });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "not an HTTP/1 request that this server understands")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn requests_are_read_one_after_the_other() {
        let mut stream: &[u8] = b"GET /a?x=1%2B1&y=a+b HTTP/1.1\r\nHost: h\r\n\r\nPOST / HTTP/1.1\r\ncontent-length: 3\r\nConnection: close\r\n\r\nabc";
        let first = Request::read(&mut stream).unwrap().unwrap();
        assert_eq!(
            (first.path(), first.query("x"), first.query("y")),
            ("/a", Some("1+1".into()), Some("a b".into()))
        );
        assert!(!first.close);
        let second = Request::read(&mut stream).unwrap().unwrap();
        assert_eq!((second.method.as_str(), second.close, second.query("x")), ("POST", true, None));
        assert_eq!(Request::read(&mut stream).unwrap(), None);
    }

    #[test]
    fn what_is_not_a_request_is_refused() {
        for bad in [
            &b"GET\r\n\r\n"[..],
            b"GET / HTTP/2\r\n\r\n",
            b"GET / HTTP/1.1\r\nx\r\n\r\n",
            b"GET x HTTP/1.1\r\n\r\n",
            b"\xff\n",
        ] {
            assert!(Request::read(&mut &*bad).is_err(), "{}", String::from_utf8_lossy(bad));
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300), text in ".{0,40}") {
            let _ = Request::read(&mut &*bytes);
            decoded(&text);
        }
    }
}
