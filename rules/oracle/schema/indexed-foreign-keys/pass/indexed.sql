CREATE TABLE orders (
  region VARCHAR2(2) NOT NULL,
  id NUMBER NOT NULL,
  PRIMARY KEY (region, id)
);
CREATE TABLE order_lines (
  order_id NUMBER NOT NULL,
  region VARCHAR2(2) NOT NULL,
  line_no NUMBER NOT NULL,
  CONSTRAINT order_lines_pk PRIMARY KEY (order_id, region, line_no),
  CONSTRAINT order_lines_order_fk FOREIGN KEY (region, order_id) REFERENCES orders (region, id)
);
CREATE TABLE invoices (
  id NUMBER PRIMARY KEY,
  region VARCHAR2(2) NOT NULL,
  order_id NUMBER NOT NULL,
  CONSTRAINT invoices_order_fk FOREIGN KEY (region, order_id) REFERENCES orders (region, id)
);
CREATE INDEX invoices_order ON invoices (order_id, region, id);
