//! Endless bodies of the kinds a snapshot is made of. Each compresses about as much as the real thing.

use super::random::Random;
use std::fmt::Write as _;
use std::io::Read;

/// What a body is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Like {
    /// Classes deflated in a jar: gzip leaves 97 % and has to code it all.
    Jar,
    /// Pictures and video: gzip leaves 99 %.
    Media,
    /// Records of a segment store: gzip leaves 46 %.
    Segment,
    /// An error log: gzip leaves 16 %.
    Log,
    /// Text of a configuration or a script: gzip leaves about a third.
    Text,
}

/// An endless body; `take` what is needed.
pub(crate) struct Body {
    like: Like,
    random: Random,
    block: Vec<u8>,
    used: usize,
    line: u64,
}

impl Body {
    pub(crate) fn new(like: Like, seed: u64) -> Self {
        Self { like, random: Random::new(seed), block: Vec::new(), used: 0, line: 0 }
    }

    /// The first `length` bytes of a new body.
    pub(crate) fn bytes(like: Like, seed: u64, length: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        Self::new(like, seed).take(length).read_to_end(&mut bytes).unwrap();
        bytes
    }

    fn refill(&mut self) {
        self.block.clear();
        self.used = 0;
        while self.block.len() < 16 << 10 {
            match self.like {
                Like::Jar => self.noise(3),
                Like::Media => self.noise(2),
                Like::Segment => self.record(),
                Like::Log => self.log_line(),
                Like::Text => self.text_line(),
            }
        }
    }

    /// Adds 8 bytes of which `skewed` in 8 are below 64. Wholly random bytes would be stored by gzip, not coded.
    fn noise(&mut self, skewed: u8) {
        let selectors = self.random.next().to_le_bytes();
        let bytes = self.random.next().to_le_bytes();
        let skew =
            |(byte, selector): (u8, u8)| if selector & 7 < skewed { byte & 63 } else { byte };
        self.block.extend(bytes.into_iter().zip(selectors).map(skew));
    }

    fn record(&mut self) {
        for _ in 0..2 {
            let id = self.random.next().to_le_bytes();
            self.block.extend(id);
        }
        for _ in 0..3 {
            let name = self.random.pick(&NAMES);
            self.block.extend(name.bytes());
        }
        let number = self.random.next();
        self.block.extend([0, 0, 0, 5]);
        self.block.extend(format!("{:010x}", number >> 24).bytes());
    }

    fn log_line(&mut self) {
        self.line += 1;
        let mut text = String::new();
        let (second, level, class) =
            (self.line / 40, self.random.pick(&LEVELS), self.random.pick(&CLASSES));
        let (day, hour, minute) = (second / 86_400 % 28 + 1, second / 3600 % 24, second / 60 % 60);
        writeln!(
            text,
            "{day:02}.06.2025 {hour:02}:{minute:02}:{:02}.{:03} *{level}* [qtp{}-{}] {class} {} /content/site-{}/page{}.html [{:016x}{:016x}]",
            second % 60,
            self.line % 40 * 25,
            1_418_370_913,
            self.random.between(30, 90),
            self.random.pick(&MESSAGES),
            self.random.below(40),
            self.random.below(5000),
            self.random.next(),
            self.random.next(),
        )
        .unwrap();
        if self.random.below(20) == 0 {
            text.push_str("java.lang.IllegalStateException: not active\n");
            for _ in 0..self.random.between(4, 12) {
                let class = self.random.pick(&CLASSES);
                writeln!(
                    text,
                    "\tat {class}.run({}.java:{})",
                    self.random.pick(&NAMES),
                    self.random.below(900)
                )
                .unwrap();
            }
        }
        self.block.extend(text.bytes());
    }

    fn text_line(&mut self) {
        let line = format!(
            "{}.{}=\"{:x}/{}\"\n",
            self.random.pick(&NAMES),
            self.random.pick(&NAMES),
            self.random.next() >> 24,
            self.random.pick(&MESSAGES)
        );
        self.block.extend(line.bytes());
    }
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.used == self.block.len() {
            self.refill();
        }
        let mut rest = &self.block[self.used..];
        let count = rest.read(buffer)?;
        self.used += count;
        Ok(count)
    }
}

const LEVELS: [&str; 8] = ["INFO", "INFO", "INFO", "INFO", "DEBUG", "DEBUG", "WARN", "ERROR"];

const CLASSES: [&str; 8] = [
    "org.apache.sling.engine.impl.SlingRequestProcessorImpl",
    "org.apache.sling.commons.scheduler.impl.QuartzScheduler",
    "org.apache.jackrabbit.oak.plugins.index.AsyncIndexUpdate",
    "com.day.cq.wcm.core.impl.LanguageManagerImpl",
    "com.adobe.granite.workflow.core.WorkflowSessionFactory",
    "com.day.cq.replication.impl.AgentManagerImpl",
    "org.apache.sling.auth.core.impl.SlingAuthenticator",
    "com.adobe.granite.repository.impl.SlingRepositoryManager",
];

const MESSAGES: [&str; 8] = [
    "service: resource not found, using the default for",
    "doIndexing: traversal without index of more than 10000 nodes under",
    "execute: job added to the queue for",
    "resolve: no mapping applies to",
    "activate: component is satisfied again, path",
    "replicate: agent has nothing to send for",
    "authenticate: anonymous access allowed to",
    "checkout: the version history was created for",
];

const NAMES: [&str; 16] = [
    "jcr:primaryType",
    "cq:lastModifiedBy",
    "sling:resourceType",
    "jcr:createdBy",
    "cq:template",
    "rep:principalName",
    "sling:vanityPath",
    "dam:sha1",
    "service.ranking",
    "auth.user.enabled",
    "cq:tags",
    "jcr:content",
    "metadata",
    "renditions",
    "lucene.directory",
    "oak:index",
];
