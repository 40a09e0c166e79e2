//! The arguments of a call as one text, whole or within a number of characters.

/// Characters of the arguments in a line about a call.
pub(crate) const IN_A_LINE: usize = 100;
/// Characters that are tried for the text of each argument, where the whole texts are too long.
const SHORTER: [usize; 6] = [80, 60, 40, 24, 16, 8];

/// The arguments as `name=text`; a text of `None` is redacted.
pub(crate) fn whole<'a>(arguments: impl IntoIterator<Item = (&'a str, Option<&'a str>)>) -> String {
    joined(arguments, usize::MAX)
}

/// The same within a number of characters: every argument is there, with as much of its text as there is room for.
pub(crate) fn within<'a, I>(arguments: &I, most: usize) -> String
where
    I: IntoIterator<Item = (&'a str, Option<&'a str>)> + Clone,
{
    let length = |text: &String| text.chars().count();
    let mut text = whole(arguments.clone());
    for shorter in SHORTER {
        if length(&text) <= most {
            return text;
        }
        text = joined(arguments.clone(), shorter);
    }
    cut(&text, most)
}

/// The beginning of a text, with a mark where something is left out.
pub(crate) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        // The mark takes the place of a character.
        Some(_) => text.chars().take(most.saturating_sub(1)).chain(['…']).collect(),
        None => text.to_owned(),
    }
}

fn joined<'a>(arguments: impl IntoIterator<Item = (&'a str, Option<&'a str>)>, most: usize) -> String {
    let texts = arguments
        .into_iter()
        .map(|(name, text)| format!("{name}={}", cut(text.unwrap_or("(redacted)"), most)));
    texts.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::{cut, within};

    #[test]
    fn every_argument_has_its_share_of_the_room() {
        let long = "x".repeat(200);
        let arguments = [("table", Some(long.as_str())), ("alpha", Some("0.5")), ("key", None)];
        let text = within(&arguments, 60);
        assert!(text.chars().count() <= 60 && text.starts_with("table=xxxxxxx"), "{text}");
        assert!(text.ends_with("…, alpha=0.5, key=(redacted)"), "{text}");
        assert_eq!(within(&[("alpha", Some("0.5"))], 60), "alpha=0.5");
        assert!(within(&arguments, 10).chars().count() <= 10);
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(cut("äöü", 3), "äöü");
        assert_eq!(cut("äöüß", 3), "äö…");
    }
}
