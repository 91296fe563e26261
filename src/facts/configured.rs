//! What the configurations of a snapshot come to.

use super::config::TOKEN_EXPIRATION_DEFAULT_MS;
use super::{
    ACCESS_TOKEN_PROVIDER, Configuration, EXTERNAL_LOGIN, IMS_CUSTOMIZER, IMS_PROVIDER,
    IMS_SERVICE_SECRET, SYNC_HANDLER, SecretState, Snapshot, TOKEN_CONFIGURATION,
    TOKEN_ENCAPSULATED, TOKEN_EXPIRATION, TOKEN_HANDLER, TOKEN_INACTIVITY, TOKEN_REFRESH,
};

impl Snapshot {
    /// Returns the configurations of a component.
    pub fn configurations_of(&self, pid: &str) -> impl Iterator<Item = &Configuration> {
        self.configurations.iter().filter(move |configuration| configuration.is(pid))
    }

    /// Returns the configurations of what makes users while they log in: SAML, OAuth, and sync handlers that a login module names.
    pub fn user_creators(&self) -> Vec<&Configuration> {
        let named = |handler: &Configuration| {
            let name = handler.text("handler.name");
            let mut modules = self.configurations_of(EXTERNAL_LOGIN);
            name.is_some() && modules.any(|module| module.text("sync.handlerName") == name)
        };
        let creates = |configuration: &&Configuration| {
            configuration.creates_users() == Some(true)
                || configuration.is(SYNC_HANDLER) && named(configuration)
        };
        self.configurations.iter().filter(creates).collect()
    }

    /// Returns `true` if a configuration that is not listed does not exist.
    ///
    /// The source must have been read in full, and must hold configurations below `com` that are none of those looked for: then
    /// `launchpad/config` was packed as a whole, not file by file.
    pub fn shows_all_configurations(&self) -> bool {
        self.is_complete() && self.parts.configurations
    }

    /// Returns whether encapsulated tokens are on; `None` where the configuration is not in the snapshot, or the value is only known
    /// while AEM runs. Off is the default.
    pub fn encapsulated_token(&self) -> Option<bool> {
        match self.configurations_of(TOKEN_HANDLER).next() {
            Some(handler) if handler.set_by(TOKEN_ENCAPSULATED).is_some() => None,
            // AEM ships this configuration with `token.required.attr` alone.
            Some(handler) => Some(handler.flag(TOKEN_ENCAPSULATED).unwrap_or(false)),
            None => self.shows_all_configurations().then_some(false),
        }
    }

    /// Returns the stated lifetime of login tokens in milliseconds.
    pub fn token_expiration_ms(&self) -> Option<u64> {
        self.configurations_of(TOKEN_CONFIGURATION).find_map(|c| c.number(TOKEN_EXPIRATION))
    }

    /// Returns the lifetime of login tokens in milliseconds: as stated, or that of Oak where all configurations came and none states it.
    pub fn token_expiration_in_effect_ms(&self) -> Option<u64> {
        let mut all = self.configurations_of(TOKEN_CONFIGURATION);
        let is_open = all.any(|c| c.set_by(TOKEN_EXPIRATION).is_some());
        let is_default = self.shows_all_configurations() && !is_open;
        let default = || is_default.then_some(TOKEN_EXPIRATION_DEFAULT_MS);
        self.token_expiration_ms().or_else(default)
    }

    /// Returns the time after which an encapsulated token of an idle user ends; 0 where there is none, and `None` where the handler is not
    /// known, its tokens are not encapsulated, or the time is only known while AEM runs.
    pub fn token_inactivity(&self) -> Option<u64> {
        let handler = self.configurations_of(TOKEN_HANDLER).next()?;
        let is_known = handler.set_by(TOKEN_INACTIVITY).is_none();
        let is_on = self.encapsulated_token() == Some(true) && is_known;
        is_on.then(|| handler.number(TOKEN_INACTIVITY).unwrap_or_default())
    }

    /// Returns whether login tokens in use are prolonged, where that is stated.
    pub fn token_refresh(&self) -> Option<bool> {
        self.configurations_of(TOKEN_CONFIGURATION).find_map(|c| c.flag(TOKEN_REFRESH))
    }

    /// Returns the configurations, and where `launchpad/config` did not come, those in the repository that are in effect as far as it
    /// shows: of this install's run mode, and the only one of their PID.
    pub fn configurations_or_jcr(&self) -> impl Iterator<Item = &Configuration> {
        let jcr = self
            .repository
            .as_ref()
            .filter(|repository| !self.parts.configurations && !repository.is_outdated());
        let jcr = jcr.into_iter().flat_map(|repository| &repository.configurations);
        self.configurations.iter().chain(jcr.filter(|stored| self.is_in_effect(stored)))
    }

    /// Returns `true` if a configuration in the repository applies, and no other does for the same PID.
    fn is_in_effect(&self, stored: &Configuration) -> bool {
        // A picked file of the same component is what Felix made of it.
        let component = stored.factory_pid.as_deref().unwrap_or(&stored.pid);
        if self.configurations_of(component).next().is_some() {
            return false;
        }
        let role = self.role();
        let may_apply = |other: &Configuration| {
            other.role().is_none() || role.is_none() || other.role() == role
        };
        // One for a run mode comes before one for all.
        let yields = |other: &Configuration| {
            other.pid == stored.pid
                && other.jcr_path != stored.jcr_path
                && may_apply(other)
                && (other.role().is_some() || stored.role().is_none())
        };
        let mut others = self.repository.iter().flat_map(|repository| &repository.configurations);
        (stored.role().is_none() || stored.role() == role) && !others.any(yields)
    }

    /// Returns the access token providers that ask with a client secret, and have neither one nor a request customizer to add it; none
    /// where a customizer may be that was not seen. One whose secret is missing is another thing.
    pub fn providers_without_secret(&self) -> impl Iterator<Item = &Configuration> {
        let all = self.shows_all_configurations();
        let providers = self.configurations_of(ACCESS_TOKEN_PROVIDER).filter(move |_| all);
        providers.filter(|provider| {
            let mut customizers = self.configurations_of(IMS_CUSTOMIZER);
            provider.asks_with_secret() && !customizers.any(|own| provider.may_use(own))
        })
    }

    /// Returns the IMS configurations: a request customizer, or a provider that has a client secret.
    pub fn ims_configurations(&self) -> impl Iterator<Item = &Configuration> {
        self.configurations_or_jcr().filter(|configuration| {
            let secret = configuration.secret(IMS_SERVICE_SECRET);
            configuration.is(IMS_CUSTOMIZER)
                || configuration.is(IMS_PROVIDER)
                    && secret.is_some_and(|state| state != SecretState::Missing)
        })
    }
}
