CREATE TABLE slas (
  id NUMBER PRIMARY KEY,
  customer_id NUMBER NOT NULL,
  start_date DATE NOT NULL,
  end_date DATE NOT NULL
);
CREATE TABLE tickets (
  id NUMBER GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer_id NUMBER NOT NULL,
  created_at TIMESTAMP DEFAULT SYSTIMESTAMP NOT NULL
);
INSERT INTO slas (id, customer_id, start_date, end_date)
VALUES (1, 7, DATE '2026-01-01', DATE '2026-12-31');
INSERT INTO tickets (customer_id, created_at)
VALUES (7, TIMESTAMP '2026-06-15 09:30:00');
COMMIT;
