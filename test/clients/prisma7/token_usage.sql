SELECT tokenmeter.create_prisma_view();
SELECT tokenmeter.create_prisma_view('MeteredCall');
