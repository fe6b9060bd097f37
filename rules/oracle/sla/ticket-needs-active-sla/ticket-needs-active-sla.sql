-- METADATA
-- title: A ticket falls within an agreement of its customer
-- description: >-
--   Support is given under a service level agreement. A ticket is opened only while its
--   customer has one: between the first and the last date of an agreement.
-- custom:
--   severity: high
--   remediation: Renew the agreement of the customer before the ticket is opened.
--   controls: []
CREATE ASSERTION ticket_needs_active_sla CHECK (
  ALL (SELECT customer_id, created_at FROM tickets) t SATISFY (
    EXISTS (
      SELECT 1
      FROM slas s
      WHERE s.customer_id = t.customer_id
        AND t.created_at BETWEEN s.start_date AND s.end_date
    )
  )
);
