CREATE TABLE customers (
  id NUMBER PRIMARY KEY
);
CREATE TABLE orders (
  id NUMBER PRIMARY KEY,
  customer_id NUMBER NOT NULL CONSTRAINT orders_customer_fk REFERENCES customers (id)
);
