CREATE TABLE engineers (
  id NUMBER PRIMARY KEY,
  seniority VARCHAR2(20) CHECK (seniority IN ('junior', 'mid', 'senior', 'lead'))
);
CREATE TABLE tickets (
  id NUMBER GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  engineer_id NUMBER REFERENCES engineers (id),
  priority VARCHAR2(20) NOT NULL
);
INSERT INTO engineers (id, seniority) VALUES (1, 'senior');
INSERT INTO engineers (id, seniority) VALUES (2, 'junior');
INSERT INTO tickets (engineer_id, priority) VALUES (2, 'critical');
COMMIT;
