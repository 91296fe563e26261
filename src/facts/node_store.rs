//! Where an instance keeps its repository: in segments on its own disk, or somewhere that no snapshot of it shows.

use super::Place;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The component that keeps the repository in a database. (Oak, `DocumentNodeStoreService`)
pub const DOCUMENT_STORE: &str =
    "org.apache.jackrabbit.oak.plugins.document.DocumentNodeStoreService";
/// The components that keep it in segments: of AEM 6.3 and newer, and of those before.
pub const SEGMENT_STORES: [&str; 2] = [
    "org.apache.jackrabbit.oak.segment.SegmentNodeStoreService",
    // AEM up to 6.2. Newer versions of Oak keep the name only to warn of it.
    "org.apache.jackrabbit.oak.plugins.segment.SegmentNodeStoreService",
];
/// The component that keeps segments in Azure.
pub const AZURE_SEGMENTS: &str = "org.apache.jackrabbit.oak.segment.azure.AzureSegmentStoreService";
/// The component that keeps segments in AWS.
pub const AWS_SEGMENTS: &str = "org.apache.jackrabbit.oak.segment.aws.AwsSegmentStoreService";

/// The component that makes one repository of several stores. (Oak, `CompositeNodeStoreService`)
pub const COMPOSITE_STORE: &str = "org.apache.jackrabbit.oak.composite.CompositeNodeStoreService";
/// The component that opens further segment stores, for others to use. (Oak 1.22.4)
pub const MORE_SEGMENTS: &str = "org.apache.jackrabbit.oak.segment.SegmentNodeStoreFactory";

/// Which database the document store uses.
pub const DOCUMENT_STORE_TYPE: &str = "documentStoreType";
/// The directory of the repository.
pub const REPOSITORY_HOME: &str = "repository.home";
/// Segments are kept by another component.
pub const CUSTOM_SEGMENTS: &str = "customSegmentStore";
/// Newer segments are kept apart from older ones.
pub const SPLIT_SEGMENTS: &str = "splitPersistence";

/// Where an instance keeps its repository, and what says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NodeStore {
    /// The kind of store.
    pub kind: NodeStoreKind,
    /// The directory of its segments; or the configuration or the run modes that name it.
    pub place: Place,
    /// A segment store with journal and segments that lies there although `kind` is another one: perhaps left over from a
    /// migration, perhaps the one in use.
    pub leftover: Option<Place>,
}

/// The kinds of store. Their labels are part of the JSON output.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum NodeStoreKind {
    /// Segments in `repository/segmentstore`.
    Segment,
    /// Older segments elsewhere, newer ones in `repository/segmentstore-split`.
    Split,
    /// Segments in Azure.
    Azure,
    /// Segments in AWS.
    Aws,
    /// Segments that another component keeps; the snapshot does not say which.
    Custom,
    /// Several stores, of which each has a part.
    Composite,
    /// Documents in `MongoDB`.
    Mongo,
    /// Documents in a relational database.
    Relational,
}

impl NodeStoreKind {
    /// Returns the name used in reports.
    pub fn label(self) -> &'static str {
        match self {
            Self::Segment => "segment",
            Self::Split => "segment-split",
            Self::Azure => "segment-azure",
            Self::Aws => "segment-aws",
            Self::Custom => "segment-custom",
            Self::Composite => "composite",
            Self::Mongo => "document-mongodb",
            Self::Relational => "document-rdb",
        }
    }

    /// Returns the name for people.
    pub fn spoken(self) -> &'static str {
        match self {
            Self::Segment => "segments",
            Self::Split => "split segments",
            Self::Azure => "segments in Azure",
            Self::Aws => "segments in AWS",
            Self::Custom => "segments elsewhere",
            Self::Composite => "several stores",
            Self::Mongo => "MongoDB",
            Self::Relational => "a database",
        }
    }

    /// Says why nothing of the content can be read from a snapshot: one clause without a full stop.
    fn out_of_reach(self) -> Option<&'static str> {
        Some(match self {
            Self::Segment => return None,
            Self::Split => {
                "its repository is split, and only the newer part lies in the snapshot; such are not read"
            }
            Self::Azure => "its repository is in Azure, which is not in the snapshot",
            Self::Aws => "its repository is in AWS, which is not in the snapshot",
            Self::Custom => {
                "its repository is in a segment store elsewhere, which is not in the snapshot"
            }
            Self::Composite => "its repository is made of several stores, and such are not read",
            Self::Mongo => "its repository is in MongoDB, which is not in the snapshot",
            Self::Relational => {
                "its repository is in a relational database, which is not in the snapshot"
            }
        })
    }
}

impl NodeStore {
    /// Says why nothing of the content is known: one clause without a full stop.
    pub fn out_of_reach(&self) -> Option<String> {
        let reason = self.kind.out_of_reach()?;
        let leftover = self.leftover.as_ref().map(
            |_| "; the segment store beside it may be left over from a migration and was not read",
        );
        Some(format!("{reason}{}", leftover.unwrap_or_default()))
    }
}
