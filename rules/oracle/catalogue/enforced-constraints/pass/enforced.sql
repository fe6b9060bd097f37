CREATE TABLE orders (
  id NUMBER PRIMARY KEY,
  amount NUMBER CHECK (amount > 0)
);
