CREATE TABLE users (
  id NUMBER PRIMARY KEY,
  email VARCHAR2(200) ANNOTATIONS (Classification 'personal')
);
