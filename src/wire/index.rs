//! Entries of the search index and the requests that keep and ask for them.

use prost::Message as _;

use crate::base::id::AccountId;
use crate::base::limits;
use crate::base::time::Time;
use crate::wire::decode::{Malformed, array, list, message, required, time};
use crate::wire::schema;
use crate::wire::signed::Signed;

/// What a term is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Field {
    /// A word of a name or a category.
    Word = 1,
    /// A category, whole.
    Category = 2,
    /// A country.
    Country = 3,
    /// A region, whole.
    Region = 4,
    /// A language, without its region.
    Language = 5,
}

impl Field {
    /// The field of a number.
    pub const fn from_number(number: u32) -> Option<Self> {
        match number {
            1 => Some(Self::Word),
            2 => Some(Self::Category),
            3 => Some(Self::Country),
            4 => Some(Self::Region),
            5 => Some(Self::Language),
            _ => None,
        }
    }
}

/// The short hash of a term: enough to sift entries by; what is shown was matched against the profile itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Facet(pub [u8; Self::LEN]);

impl Facet {
    /// Length in bytes.
    pub const LEN: usize = 3;
}

/// Facets in ascending order, none twice, at most [`limits::INDEX_TERMS_MAX`].
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Facets(Vec<Facet>);

impl Facets {
    /// Sorts the facets and drops repetitions; cuts at the bound.
    pub fn new(facets: impl IntoIterator<Item = Facet>) -> Self {
        let mut facets: Vec<Facet> = facets.into_iter().collect();
        facets.sort();
        facets.dedup();
        facets.truncate(limits::INDEX_TERMS_MAX);
        Self(facets)
    }

    /// Whether every one of `wanted` is among these.
    pub fn contain(&self, wanted: &Self) -> bool {
        wanted.0.iter().all(|facet| self.0.binary_search(facet).is_ok())
    }

    fn encode(&self) -> Vec<u8> {
        self.0.iter().flat_map(|facet| facet.0).collect()
    }

    fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let (facets, rest) = bytes.as_chunks::<{ Facet::LEN }>();
        let sorted = facets.windows(2).all(|pair| pair[0] < pair[1]);
        if !rest.is_empty() || !sorted || facets.len() > limits::INDEX_TERMS_MAX {
            return Err(Malformed("not facets"));
        }
        Ok(Self(facets.iter().copied().map(Facet).collect()))
    }
}

/// That a business is to be found under a term.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IndexEntry {
    /// The business.
    pub account: AccountId,
    /// What the term is about.
    pub field: Field,
    /// The term, folded; 1 to [`limits::TERM_MAX`] bytes.
    pub term: String,
    /// The facets of all its terms, this one among them.
    pub facets: Facets,
    /// When it was signed; the latest counts.
    pub issued: Time,
    /// From when on it no longer counts.
    pub expires: Time,
}

impl IndexEntry {
    /// The payload to be signed.
    pub fn encode(&self) -> Vec<u8> {
        schema::IndexEntry {
            account: self.account.as_bytes().to_vec(),
            field: self.field as u32,
            term: self.term.clone(),
            facets: self.facets.encode(),
            issued: self.issued.as_millis(),
            expires: self.expires.as_millis(),
        }
        .encode_to_vec()
    }

    /// Parses a verified payload, in its only encoding.
    pub fn decode(payload: &[u8]) -> Result<Self, Malformed> {
        let entry: schema::IndexEntry = message(payload, limits::INDEX_ENTRY_MAX)?;
        let entry = Self {
            account: AccountId::new(array(&entry.account)?),
            field: Field::from_number(entry.field).ok_or(Malformed("an unknown field"))?,
            term: entry.term,
            facets: Facets::decode(&entry.facets)?,
            issued: time(entry.issued),
            expires: time(entry.expires),
        };
        if entry.term.is_empty() || entry.term.len() > limits::TERM_MAX {
            return Err(Malformed("not a term"));
        }
        if entry.encode() == payload { Ok(entry) } else { Err(Malformed("not canonical")) }
    }
}

/// A signed index entry with the log entry that vouches for its signer. Nothing is verified.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IndexRecord {
    /// The signed entry.
    pub entry: Signed,
    /// The entry of the account's log that added the signing device.
    pub certificate: Signed,
}

impl IndexRecord {
    /// The record's bytes.
    pub fn encode(&self) -> Vec<u8> {
        self.to_schema().encode_to_vec()
    }

    /// Parses a record of at most [`limits::INDEX_ENTRY_MAX`] bytes, in its only encoding.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let record = Self::from_schema(message(bytes, limits::INDEX_ENTRY_MAX)?)?;
        if record.encode() == bytes { Ok(record) } else { Err(Malformed("not canonical")) }
    }

    fn to_schema(&self) -> schema::IndexRecord {
        schema::IndexRecord {
            entry: Some(self.entry.to_schema()),
            certificate: Some(self.certificate.to_schema()),
        }
    }

    fn from_schema(record: schema::IndexRecord) -> Result<Self, Malformed> {
        let record = Self {
            entry: Signed::from_schema(required(record.entry)?, limits::INDEX_ENTRY_MAX)?,
            certificate: Signed::from_schema(required(record.certificate)?, limits::LOG_ENTRY_MAX)?,
        };
        if record.to_schema().encoded_len() > limits::INDEX_ENTRY_MAX {
            return Err(Malformed("too large"));
        }
        Ok(record)
    }
}

/// What is asked of a node that keeps a part of the index.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum IndexRequest {
    /// Keep these, at most [`limits::INDEX_PUT_MAX`].
    Put(Vec<IndexRecord>),
    /// The entries under a key.
    Get {
        /// See `domain::directory::term::index_key`.
        key: [u8; 32],
        /// Only entries of accounts after this one; all of them where none is given.
        cursor: Option<AccountId>,
        /// Only entries that have all of these.
        facets: Facets,
    },
}

impl IndexRequest {
    /// The request's bytes.
    pub fn encode(&self) -> Vec<u8> {
        use schema::index_request::Request;
        let request = match self {
            Self::Put(entries) => Request::Put(schema::IndexPut { entries: records_to_schema(entries) }),
            Self::Get { key, cursor, facets } => Request::Get(schema::IndexGet {
                key: key.to_vec(),
                cursor: cursor_to_schema(*cursor),
                facets: facets.encode(),
            }),
        };
        schema::IndexRequest { request: Some(request) }.encode_to_vec()
    }

    /// Parses a request of at most [`limits::INDEX_BODY_MAX`] bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        use schema::index_request::Request;
        let request: schema::IndexRequest = message(bytes, limits::INDEX_BODY_MAX)?;
        Ok(match required(request.request)? {
            Request::Put(put) => {
                Self::Put(list(put.entries, limits::INDEX_PUT_MAX, IndexRecord::from_schema)?)
            }
            Request::Get(get) => Self::Get {
                key: array(&get.key)?,
                cursor: cursor_from_schema(&get.cursor)?,
                facets: Facets::decode(&get.facets)?,
            },
        })
    }
}

/// The answer to an [`IndexRequest`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum IndexResponse {
    /// How many of the entries offered are kept now.
    Stored(u32),
    /// Entries under the key, by account.
    Page {
        /// At most [`limits::INDEX_PAGE`].
        entries: Vec<IndexRecord>,
        /// Where the next page begins, if there is one.
        next: Option<AccountId>,
    },
}

impl IndexResponse {
    /// The answer's bytes.
    pub fn encode(&self) -> Vec<u8> {
        use schema::index_response::Response;
        let response = match self {
            Self::Stored(count) => Response::Stored(schema::IndexStored { count: *count }),
            Self::Page { entries, next } => Response::Page(schema::IndexPage {
                entries: records_to_schema(entries),
                next: cursor_to_schema(*next),
            }),
        };
        schema::IndexResponse { response: Some(response) }.encode_to_vec()
    }

    /// Parses an answer of at most [`limits::INDEX_BODY_MAX`] bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        use schema::index_response::Response;
        let response: schema::IndexResponse = message(bytes, limits::INDEX_BODY_MAX)?;
        Ok(match required(response.response)? {
            Response::Stored(stored) => Self::Stored(stored.count),
            Response::Page(page) => Self::Page {
                entries: list(page.entries, limits::INDEX_PAGE, IndexRecord::from_schema)?,
                next: cursor_from_schema(&page.next)?,
            },
        })
    }
}

fn records_to_schema(records: &[IndexRecord]) -> Vec<schema::IndexRecord> {
    records.iter().map(IndexRecord::to_schema).collect()
}

fn cursor_to_schema(cursor: Option<AccountId>) -> Vec<u8> {
    cursor.map(|account| account.as_bytes().to_vec()).unwrap_or_default()
}

fn cursor_from_schema(bytes: &[u8]) -> Result<Option<AccountId>, Malformed> {
    if bytes.is_empty() { Ok(None) } else { array(bytes).map(|bytes| Some(AccountId::new(bytes))) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::ed25519::SigningKey;
    use crate::crypto::kdf::label;
    use crate::crypto::secret::Secret;

    fn record(size: usize) -> IndexRecord {
        let key = SigningKey::from_seed(&Secret::new([1; 32]));
        IndexRecord {
            entry: Signed::new(&key, label::INDEX_ENTRY, vec![1; size]),
            certificate: Signed::new(&key, label::LOG_ENTRY, vec![2; 149]),
        }
    }

    #[test]
    fn requests_and_answers_read_back_and_stay_within_a_body() {
        let full = record(219);
        assert!(full.encode().len() <= limits::INDEX_ENTRY_MAX);
        let facets = Facets::new([Facet([9, 9, 9]), Facet([1, 2, 3]), Facet([1, 2, 3])]);
        for request in [
            IndexRequest::Put(vec![full.clone(); limits::INDEX_PUT_MAX]),
            IndexRequest::Get { key: [1; 32], cursor: None, facets: Facets::default() },
            IndexRequest::Get { key: [1; 32], cursor: Some(AccountId::new([2; 32])), facets },
        ] {
            let bytes = request.encode();
            assert!(bytes.len() <= limits::INDEX_BODY_MAX);
            assert_eq!(IndexRequest::decode(&bytes), Ok(request));
        }
        for response in [
            IndexResponse::Stored(0),
            IndexResponse::Page {
                entries: vec![full; limits::INDEX_PAGE],
                next: Some(AccountId::new([2; 32])),
            },
        ] {
            assert_eq!(IndexResponse::decode(&response.encode()), Ok(response));
        }
    }

    #[test]
    fn too_many_or_too_large_entries_are_refused() {
        let many = IndexRequest::Put(vec![record(10); limits::INDEX_PUT_MAX + 1]);
        assert_eq!(IndexRequest::decode(&many.encode()), Err(Malformed("too many")));
        let large = IndexRequest::Put(vec![record(400)]);
        assert_eq!(IndexRequest::decode(&large.encode()), Err(Malformed("too large")));
        assert!(IndexRequest::decode(&[]).is_err() && IndexResponse::decode(&[0x1A, 0]).is_err());
        assert!(IndexRequest::decode(&vec![0; limits::INDEX_BODY_MAX + 1]).is_err());
    }

    #[test]
    fn facets_out_of_order_are_refused() {
        assert!(Facets::decode(&[1, 0, 0, 2, 0, 0]).is_ok());
        for bad in [&[2, 0, 0, 1, 0, 0][..], &[1, 0, 0, 1, 0, 0], &[1, 0]] {
            assert!(Facets::decode(bad).is_err());
        }
    }
}
