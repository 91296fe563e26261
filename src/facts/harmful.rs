//! Characters that do something where they should only show.

/// Returns `true` if a character controls output instead of showing: controls, line separators, what Unicode calls default
/// ignorable (`Default_Ignorable_Code_Point` of DerivedCoreProperties.txt), a blank that is no space, and what is no character.
pub fn is_harmful(character: char) -> bool {
    // Nearly all text is ASCII, and reports ask for each character of it.
    if character.is_ascii() {
        return character.is_ascii_control();
    }
    let is_none = u32::from(character) & 0xFFFE == 0xFFFE;
    is_none
        || character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
            | '\u{fdd0}'..='\u{fdef}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}
