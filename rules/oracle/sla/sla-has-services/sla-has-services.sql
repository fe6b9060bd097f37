-- METADATA
-- title: An agreement covers at least one service
-- description: >-
--   A service level agreement that covers nothing promises nothing. The check waits for
--   the commit, so that an agreement and its services can be inserted one after the other.
-- custom:
--   severity: medium
--   remediation: Insert the services of the agreement in the same transaction.
--   controls: []
CREATE ASSERTION sla_has_services CHECK (
  ALL (SELECT id FROM slas) s SATISFY (
    EXISTS (SELECT 1 FROM sla_services v WHERE v.sla_id = s.id)
  )
) DEFERRABLE INITIALLY DEFERRED;
