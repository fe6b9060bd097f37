CREATE TABLE orders (
  id NUMBER PRIMARY KEY
);
GRANT SELECT ON orders TO reporting;
