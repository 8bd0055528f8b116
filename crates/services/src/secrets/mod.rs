//! Hashing what is only compared, and sealing what must be read again.
mod rotating;

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    digest::{Context, SHA256},
    hmac,
};
use guildhall_domain::{Error, Result};

pub(crate) use rotating::{GRACE, Purpose, RotatingToken};

/// SHA-256 of `parts`, each with its length before it, so that no two lists of parts look the same.
pub(crate) fn hash(parts: &[&[u8]]) -> Vec<u8> {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        context.update(part);
    }
    context.finish().as_ref().to_vec()
}

/// What only the holder of `key` can derive from `message` (HMAC-SHA-256).
pub(crate) fn derive(key: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message).as_ref().to_vec()
}

/// Whether `tag` is what `key` derives from `message`; takes as long whatever the tag.
pub(crate) fn is_derived(key: &[u8], message: &[u8], tag: &[u8]) -> bool {
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, key), message, tag).is_ok()
}

/// Encrypts and authenticates `text` with AES-256-GCM; `nonce` must be fresh for the key.
pub(crate) fn seal(key: &[u8; 32], nonce: [u8; NONCE_LEN], text: &[u8]) -> Result<Vec<u8>> {
    let mut sealed = text.to_vec();
    let nonce_used = Nonce::assume_unique_for_key(nonce);
    cipher(key)?.seal_in_place_append_tag(nonce_used, Aad::empty(), &mut sealed).map_err(|_| broken())?;
    Ok([nonce.as_slice(), &sealed].concat())
}

/// What [`seal`] sealed; an error where the key is another or the bytes were changed.
pub(crate) fn open(key: &[u8; 32], sealed: &[u8]) -> Result<Vec<u8>> {
    let (nonce, rest) = sealed.split_at_checked(NONCE_LEN).ok_or_else(broken)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| broken())?;
    let mut text = rest.to_vec();
    let opened = cipher(key)?.open_in_place(nonce, Aad::empty(), &mut text).map_err(|_| broken())?.len();
    text.truncate(opened);
    Ok(text)
}

fn cipher(key: &[u8; 32]) -> Result<LessSafeKey> {
    Ok(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).map_err(|_| broken())?))
}

fn broken() -> Error {
    Error::internal("sealed with another secret, or changed")
}

#[cfg(test)]
mod tests {
    use super::{hash, open, seal};

    #[test]
    fn what_is_sealed_opens_with_the_same_key_only() {
        let sealed = seal(&[7; 32], [1; 12], b"text").unwrap();
        assert_eq!(open(&[7; 32], &sealed).unwrap(), b"text");
        assert!(open(&[8; 32], &sealed).is_err());
        let mut changed = sealed.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert!(open(&[7; 32], &changed).is_err());
        assert!(open(&[7; 32], b"short").is_err());
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(hash(&[b"ab", b"c"]), hash(&[b"a", b"bc"]));
    }
}
