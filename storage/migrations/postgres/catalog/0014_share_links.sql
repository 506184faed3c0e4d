-- Links that open one dashboard to whoever has them. A link is its creator's as a permission is its member's: the tenant is part of the
-- keys, so it ends with the membership, and with the dashboard.
CREATE TABLE share_links (
    id UUID NOT NULL PRIMARY KEY,
    template_id UUID NOT NULL,
    creator_id UUID NOT NULL,
    organization_id UUID NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    token_hash BYTEA NOT NULL UNIQUE,
    token_prefix TEXT COLLATE "C" NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    last_used_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL,
    FOREIGN KEY (template_id, organization_id) REFERENCES dashboard_templates (id, organization_id) ON DELETE CASCADE,
    FOREIGN KEY (creator_id, organization_id) REFERENCES all_memberships (user_id, organization_id) ON DELETE CASCADE
);
CREATE INDEX share_links_by_dashboard ON share_links (template_id, id);
CREATE INDEX share_links_by_creator ON share_links (creator_id, organization_id);
CREATE INDEX share_links_by_organization ON share_links (organization_id);
