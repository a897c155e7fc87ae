CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL, email text, visits int NOT NULL);
CREATE TABLE orders (
  id int PRIMARY KEY,
  title text NOT NULL,
  note text,
  state text NOT NULL,
  total numeric(10, 2) NOT NULL,
  size int NOT NULL,
  rate float8,
  paid_at timestamptz,
  due date,
  tags text[] NOT NULL,
  meta jsonb NOT NULL,
  data jsonb,
  address jsonb NOT NULL,
  customer_id int NOT NULL REFERENCES customers,
  helper_id int REFERENCES customers
);
CREATE TABLE items (
  id int PRIMARY KEY,
  name text NOT NULL,
  amount int NOT NULL,
  order_id int NOT NULL REFERENCES orders
);
CREATE TABLE entries (id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY, text text NOT NULL);
