CREATE TABLE orders (
  id NUMBER PRIMARY KEY,
  day DATE NOT NULL
);
CREATE INDEX orders_by_day ON orders (day);
