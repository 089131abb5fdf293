/// Splits a command line into words as a shell does, without expanding anything.
///
/// # Errors
/// When a quote is never closed, or nothing follows a backslash.
pub fn split_command(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (Some('\''), '\'') | (Some('"'), '"') => quote = None,
            (Some('"'), '\\') => {
                let next = characters.next().ok_or_else(|| format!("'{text}' ends in a backslash"))?;
                let out = word.get_or_insert_default();
                // Within double quotes a backslash stands for itself but before these.
                if !matches!(next, '"' | '\\' | '$' | '`' | '\n') {
                    out.push('\\');
                }
                if next != '\n' {
                    out.push(next);
                }
            }
            (Some(_), inner) => word.get_or_insert_default().push(inner),
            (None, '\'' | '"') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, '\\') => {
                let next = characters.next().ok_or_else(|| format!("'{text}' ends in a backslash"))?;
                if next != '\n' {
                    word.get_or_insert_default().push(next);
                }
            }
            (None, ' ' | '\t' | '\n' | '\r') => words.extend(word.take()),
            (None, other) => word.get_or_insert_default().push(other),
        }
    }
    if let Some(quote) = quote {
        return Err(format!("a {quote} is never closed: '{text}'"));
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_of_a_shell() {
        let cases: [(&str, &[&str]); 7] = [
            ("nginx -g 'daemon off;'", &["nginx", "-g", "daemon off;"]),
            ("sh -c \"echo \\\"hi\\\" there\"", &["sh", "-c", "echo \"hi\" there"]),
            ("a\\ b  c", &["a b", "c"]),
            ("'' x", &["", "x"]),
            ("one'two'\"three\"", &["onetwothree"]),
            ("", &[]),
            ("\"a\\nb\"", &["a\\nb"]),
        ];
        for (text, wanted) in cases {
            assert_eq!(split_command(text).unwrap(), wanted, "{text}");
        }
        assert!(split_command("'open").is_err());
        assert!(split_command("end\\").is_err());
    }

    proptest! {
        #[test]
        fn quoted_words_come_back(words in proptest::collection::vec("[ -&(-~]{0,8}", 0..6)) {
            let text = words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ");
            prop_assert_eq!(split_command(&text).unwrap(), words);
        }
    }
}
