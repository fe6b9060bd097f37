-- METADATA
-- title: Agreements of one customer do not overlap
-- description: >-
--   At any date a customer has at most one service level agreement, so that a ticket is
--   never under two tiers at once. The first and the last date belong to the agreement.
-- custom:
--   severity: medium
--   remediation: End the earlier agreement before the later one starts.
--   controls: []
CREATE ASSERTION slas_do_not_overlap CHECK (
  NOT EXISTS (
    SELECT 1
    FROM slas a, slas b
    WHERE a.customer_id = b.customer_id
      AND a.id < b.id
      AND a.start_date <= b.end_date
      AND b.start_date <= a.end_date
  )
);
