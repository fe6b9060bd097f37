-- What comply takes for granted about Oracle's SQL assertions, as statements.
--
-- `comply verify-oracle oracle://admin@host/service` runs them in a scratch schema and
-- tells which facts hold. By hand: @verify_oracle.sql as a user with CREATE TABLE and
-- CREATE ASSERTION, and compare what is printed with what `expect` says.

CREATE TABLE customers (id NUMBER PRIMARY KEY, status VARCHAR2(10));
CREATE TABLE orders (
  id NUMBER PRIMARY KEY,
  customer_id NUMBER NOT NULL,
  amount NUMBER NOT NULL,
  note_id NUMBER
);

-- fact: SATISFY takes a condition in parentheses after an alias
-- expect: ok
CREATE ASSERTION a_universal CHECK (
  ALL (SELECT customer_id FROM orders) o SATISFY (
    EXISTS (SELECT 1 FROM customers c WHERE c.id = o.customer_id)));

-- fact: the alias of ALL may be left out
-- expect: ok
CREATE ASSERTION a_no_alias CHECK (
  ALL (SELECT amount FROM orders) SATISFY (amount < 1000000));

-- fact: an immediate assertion fails the statement with ORA-08601
-- expect: ORA-08601
INSERT INTO orders (id, customer_id, amount) VALUES (1, 99, 10);

-- fact: the failed statement alone is undone
-- expect: rows 0
SELECT id FROM orders;

-- fact: INITIALLY DEFERRED stands without DEFERRABLE
-- expect: ok
CREATE ASSERTION a_deferred CHECK (
  NOT EXISTS (SELECT 1 FROM orders WHERE amount < 0)) INITIALLY DEFERRED;

-- fact: INITIALLY DEFERRED implies DEFERRABLE
-- expect: rows 1
SELECT 1 FROM user_assertions
WHERE assertion_name = 'A_DEFERRED' AND deferrable = 'DEFERRABLE' AND deferred = 'DEFERRED';

INSERT INTO customers VALUES (1, 'OPEN');

-- fact: a deferred assertion lets the statement pass
-- expect: ok
INSERT INTO orders (id, customer_id, amount) VALUES (2, 1, -5);

-- fact: COMMIT raises ORA-02091 and ORA-08601
-- expect: ORA-02091 ORA-08601
COMMIT;

-- fact: the whole transaction is rolled back
-- expect: rows 0
SELECT id FROM customers;

-- fact: NULL in the condition of SATISFY is not false
-- expect: ok
CREATE ASSERTION a_unknown CHECK (
  ALL (SELECT note_id FROM orders) o SATISFY (o.note_id > 0));
INSERT INTO customers VALUES (1, 'OPEN');
-- fact: a row for which the condition is unknown passes
-- expect: ok
INSERT INTO orders (id, customer_id, amount) VALUES (3, 1, 5);
COMMIT;

-- Oracle's own words: validation is unsupported in SERIALIZABLE transactions. What that
-- means for a change, and for one of a table that no assertion reads:
CREATE TABLE notes (id NUMBER);
ALTER SESSION SET ISOLATION_LEVEL = SERIALIZABLE;
-- fact: a SERIALIZABLE transaction may not change a table that an assertion reads
-- expect: refused
INSERT INTO orders (id, customer_id, amount) VALUES (30, 1, 5);
ROLLBACK;
-- fact: a SERIALIZABLE transaction may change a table that no assertion reads
-- expect: ok
INSERT INTO notes VALUES (1);
ROLLBACK;
ALTER SESSION SET ISOLATION_LEVEL = READ COMMITTED;
-- fact: the same change passes in a READ COMMITTED transaction
-- expect: ok
INSERT INTO orders (id, customer_id, amount) VALUES (30, 1, 5);
ROLLBACK;
DROP TABLE notes PURGE;

-- fact: joins with JOIN .. ON are refused
-- expect: ORA-08689
CREATE ASSERTION a_ansi CHECK (
  NOT EXISTS (SELECT 1 FROM orders o JOIN customers c ON c.id = o.customer_id
              WHERE c.status = 'CLOSED'));

-- fact: aggregates are refused with ORA-08661
-- expect: ORA-08689 ORA-08661
CREATE ASSERTION a_count CHECK (
  NOT EXISTS (SELECT customer_id FROM orders GROUP BY customer_id HAVING COUNT(*) > 5));

-- fact: an equijoin on a nullable column is refused with ORA-08673
-- expect: ORA-08673
CREATE ASSERTION a_nullable CHECK (
  NOT EXISTS (SELECT 1 FROM orders o, customers c WHERE c.id = o.note_id AND c.status = 'X'));

-- fact: IS NOT NULL makes that join acceptable
-- expect: ok
CREATE ASSERTION a_not_null CHECK (
  NOT EXISTS (SELECT 1 FROM orders o, customers c
              WHERE c.id = o.note_id AND o.note_id IS NOT NULL AND c.status = 'X'));

-- fact: SYSDATE is refused
-- expect: ORA-08689
CREATE ASSERTION a_now CHECK (
  NOT EXISTS (SELECT 1 FROM orders WHERE SYSDATE > DATE '2000-01-01'));

-- fact: DISABLE VALIDATE is refused with ORA-08701
-- expect: ORA-08701
ALTER ASSERTION a_universal DISABLE VALIDATE;

-- fact: DISABLE alone means NOVALIDATE
-- expect: ok
ALTER ASSERTION a_universal DISABLE;
-- fact: a disabled assertion shows as DISABLED and NOT VALIDATED
-- expect: rows 1
SELECT 1 FROM user_assertions
WHERE assertion_name = 'A_UNIVERSAL' AND status = 'DISABLED' AND validated = 'NOT VALIDATED';

INSERT INTO orders (id, customer_id, amount) VALUES (4, 77, 5);
COMMIT;
-- fact: ENABLE VALIDATE fails with ORA-08704 where old rows violate it
-- expect: ORA-08704
ALTER ASSERTION a_universal ENABLE VALIDATE;
-- fact: ENABLE NOVALIDATE takes no notice of old rows
-- expect: ok
ALTER ASSERTION a_universal ENABLE NOVALIDATE;

-- fact: a column that an assertion reads cannot be dropped
-- expect: ORA-08702
ALTER TABLE orders DROP COLUMN amount;

-- fact: DEFINITION_SQL holds the definition
-- expect: rows 1
SELECT definition_sql FROM user_assertions
WHERE assertion_name = 'A_UNIVERSAL' AND definition_sql IS NOT NULL;

-- fact: USER_CONSTRAINTS does not show assertions
-- expect: rows 0
SELECT 1 FROM user_constraints WHERE constraint_name = 'A_UNIVERSAL';

-- fact: DBMS_METADATA cannot write an assertion
-- expect: ORA-31600
SELECT DBMS_METADATA.GET_DDL('ASSERTION', 'A_UNIVERSAL') FROM dual;

-- fact: the lock matrix has one row for each pair of tables
-- expect: rows 4
SELECT lock_scope FROM user_assertion_lock_matrix WHERE assertion_name = 'A_UNIVERSAL';

DROP ASSERTION a_universal;
DROP ASSERTION a_no_alias;
DROP ASSERTION a_deferred;
DROP ASSERTION a_unknown;
DROP ASSERTION a_not_null;
DROP TABLE orders PURGE;
DROP TABLE customers PURGE;
