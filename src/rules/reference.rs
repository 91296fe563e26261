//! Where the documents are that rules refer to, as far as their addresses are stable.

/// Articles of Adobe's support are found by their numbers.
const ARTICLES: &str =
    "https://experienceleague.adobe.com/en/docs/experience-cloud-kcs/kbarticles/ka-";
const GITHUB: &str = "https://github.com/";

/// Returns the address of a document: of an article of Adobe's (`Adobe KA-23909: …`), or of a repository or an issue on GitHub
/// (`owner/name issue 7`, `owner/name: …`).
///
/// Chapters of Adobe's manuals have none here: they moved three times since AEM 6.3.
pub(crate) fn url(reference: &str) -> Option<String> {
    if let Some(article) = reference.strip_prefix("Adobe KA-") {
        let number: String = article.chars().take_while(char::is_ascii_digit).collect();
        return (!number.is_empty()).then(|| format!("{ARTICLES}{number}"));
    }
    let (first, rest) = reference.split_once([' ', ':'])?;
    let (owner, name) = first.split_once('/')?;
    let is_part = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c))
    };
    let is_chapter = owner == "crx-quickstart";
    if is_chapter || !is_part(owner) || !is_part(name) {
        return None;
    }
    let issue = rest.strip_prefix("issue ").map(|number| format!("/issues/{number}"));
    Some(format!("{GITHUB}{first}{}", issue.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::RULES;

    #[test]
    fn articles_and_repositories_have_addresses() {
        for (reference, end) in [
            (
                "Adobe KA-23909: IMS client_secret is lost after a restart",
                Some("kbarticles/ka-23909"),
            ),
            (
                "Netcentric/accesscontroltool issue 346",
                Some(".com/Netcentric/accesscontroltool/issues/346"),
            ),
            (
                "Netcentric/aem-crypto-support: base64 keys",
                Some(".com/Netcentric/aem-crypto-support"),
            ),
            ("AEM 6.5, User Synchronization", None),
            ("crx-quickstart/conf/quickstart.properties and sling.properties", None),
            ("crx-quickstart/launchpad/felix", None),
            ("aemtrix help policy", None),
        ] {
            let url = url(reference);
            let ends = url.as_deref().zip(end).is_some_and(|(url, end)| url.ends_with(end));
            assert!(ends || url.is_none() && end.is_none(), "{reference}: {url:?}");
        }
    }

    #[test]
    fn addresses_of_all_rules_are_addresses() {
        let references = RULES.iter().flat_map(|rule| rule.references);
        let urls: Vec<String> = references.filter_map(|reference| url(reference)).collect();
        assert!(urls.len() > 20);
        for url in urls {
            assert!(url.starts_with("https://") && !url.contains([' ', ',', ';']), "{url}");
        }
    }
}
