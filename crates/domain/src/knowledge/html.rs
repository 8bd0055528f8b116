//! HTML by a tokenizer as browsers have it, which makes every input a stream of tags and text.

use std::convert::Infallible;

use html5gum::{
    Span, Tokenizer,
    emitters::callback::{CallbackEmitter, CallbackEvent},
};

use super::blocks::Blocks;

/// A whole document.
pub(super) fn document(html: &str) -> Blocks {
    let mut blocks = Blocks::default();
    tokens(html, |token| match token {
        Token::Close("title") => blocks.end_title(),
        token => take(&mut blocks, token),
    });
    blocks.end_block();
    blocks
}

/// A piece of HTML within something else, which it may leave open but does not hide.
pub(super) fn fragment(html: &str, blocks: &mut Blocks) {
    tokens(html, |token| take(blocks, token));
    blocks.reveal();
}

enum Token<'a> {
    Open(&'a str),
    Close(&'a str),
    Text(&'a str),
}

fn take(blocks: &mut Blocks, token: Token<'_>) {
    match token {
        Token::Open(element) => blocks.open(element),
        Token::Close(element) => blocks.close(element),
        Token::Text(text) => blocks.text(text),
    }
}

/// Every tag and text of it; what an image shows in words is text.
fn tokens(html: &str, mut each: impl FnMut(Token<'_>)) {
    let (mut image, mut described) = (false, false);
    let mut emitter = CallbackEmitter::new(|event: CallbackEvent<'_>, _: Span<()>| -> Option<Infallible> {
        match event {
            CallbackEvent::OpenStartTag { name } => {
                image = name == b"img";
                each(Token::Open(&String::from_utf8_lossy(name)));
            }
            CallbackEvent::AttributeName { name } => described = image && name == b"alt",
            CallbackEvent::AttributeValue { value } if described => each(Token::Text(&String::from_utf8_lossy(value))),
            CallbackEvent::EndTag { name } => each(Token::Close(&String::from_utf8_lossy(name))),
            CallbackEvent::String { value } => each(Token::Text(&String::from_utf8_lossy(value))),
            _ => {}
        }
        None
    });
    emitter.naively_switch_states(true);
    let Ok(()) = Tokenizer::new_with_emitter(html, emitter).finish();
}
