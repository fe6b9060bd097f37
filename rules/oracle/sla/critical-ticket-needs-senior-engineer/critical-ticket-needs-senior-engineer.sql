-- METADATA
-- title: Urgent tickets go to senior engineers
-- description: >-
--   A ticket of high or critical priority is not in the hands of a junior or mid-level
--   engineer. A ticket that nobody has taken yet is allowed.
-- custom:
--   severity: high
--   remediation: Assign the ticket to a senior or lead engineer.
--   controls: []
CREATE ASSERTION critical_ticket_needs_senior_engineer CHECK (
  NOT EXISTS (
    SELECT 1
    FROM tickets t, engineers e
    WHERE t.engineer_id = e.id
      AND t.engineer_id IS NOT NULL
      AND t.priority IN ('high', 'critical')
      AND e.seniority IN ('junior', 'mid')
  )
);
