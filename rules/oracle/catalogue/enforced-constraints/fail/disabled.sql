CREATE TABLE orders (
  id NUMBER PRIMARY KEY,
  amount NUMBER CONSTRAINT orders_amount CHECK (amount > 0)
);
ALTER TABLE orders DISABLE CONSTRAINT orders_amount;
