CREATE TABLE slas (
  id NUMBER PRIMARY KEY,
  customer_id NUMBER NOT NULL,
  start_date DATE NOT NULL,
  end_date DATE NOT NULL
);
INSERT INTO slas (id, customer_id, start_date, end_date)
VALUES (1, 7, DATE '2025-01-01', DATE '2025-12-31');
INSERT INTO slas (id, customer_id, start_date, end_date)
VALUES (2, 7, DATE '2026-01-01', DATE '2026-12-31');
INSERT INTO slas (id, customer_id, start_date, end_date)
VALUES (3, 8, DATE '2025-06-01', DATE '2026-05-31');
COMMIT;
