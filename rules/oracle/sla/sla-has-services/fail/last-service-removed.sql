CREATE TABLE slas (
  id NUMBER PRIMARY KEY,
  customer_id NUMBER NOT NULL
);
CREATE TABLE sla_services (
  sla_id NUMBER NOT NULL REFERENCES slas (id),
  service_name VARCHAR2(100) NOT NULL,
  PRIMARY KEY (sla_id, service_name)
);
INSERT INTO slas (id, customer_id) VALUES (1, 7);
INSERT INTO sla_services (sla_id, service_name) VALUES (1, 'Monitoring');
COMMIT;
DELETE FROM sla_services WHERE sla_id = 1;
COMMIT;
