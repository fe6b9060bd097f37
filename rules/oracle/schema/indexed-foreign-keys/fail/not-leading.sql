CREATE TABLE customers (
  id NUMBER PRIMARY KEY
);
CREATE TABLE orders (
  id NUMBER PRIMARY KEY,
  placed_at DATE NOT NULL,
  customer_id NUMBER NOT NULL,
  CONSTRAINT orders_customer_fk FOREIGN KEY (customer_id) REFERENCES customers (id)
);
CREATE INDEX orders_placed ON orders (placed_at, customer_id);
